"""Takes a vendor's webhooks over HTTP: `python -m examples.adapters.receiver stripe`. The settings are in README.md.

The answer is the promise. 200: the broker has the command on disk, or the event asks for nothing. 401: it is not from
the vendor. 400: its shape is not the documented one. 503: the broker did not take it, send it again.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .chargebee import Chargebee
from .publisher import NotTaken, Publisher
from .stripe import Stripe
from .translation import Adapter, Malformed, NotForUs, Terms

MAX_BODY_BYTES = 1024 * 1024
_READ_SECONDS = 10

Answer = tuple[HTTPStatus, str]


def answer(adapter: Adapter, publisher: Publisher, headers: Mapping[str, str], body: bytes) -> Answer:
    """Do all that a webhook asks for, and only then answer it."""
    if not adapter.is_genuine(headers, body):
        return HTTPStatus.UNAUTHORIZED, "not from the vendor"
    try:
        made = adapter.translate(_parsed(body))
    except Malformed as error:
        return HTTPStatus.BAD_REQUEST, str(error)
    if isinstance(made, NotForUs):
        return HTTPStatus.OK, made.why
    try:
        publisher.publish(made)
    except NotTaken as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, str(error)
    return HTTPStatus.OK, f"{made['type']} {made['id']} was taken"


def handler(adapter: Adapter, publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    """Make the class that the standard library's server asks for."""

    class Webhook(BaseHTTPRequestHandler):
        timeout = _READ_SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, words = answer(adapter, publisher, headers, body)
            # The words are for the vendor's log of deliveries and ours; no name or secret of a customer is in them.
            self.log_message("%s", words)
            told = words.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

    return Webhook


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        webhook = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(webhook, dict):
        raise Malformed("the body is not a JSON object")
    return webhook


def _stripe(settings: Mapping[str, str]) -> Adapter:
    return Stripe(settings["STRIPE_WEBHOOK_SECRET"], _terms(settings))


def _chargebee(settings: Mapping[str, str]) -> Adapter:
    return Chargebee(settings["CHARGEBEE_WEBHOOK_USER"], settings["CHARGEBEE_WEBHOOK_PASSWORD"], _terms(settings))


VENDORS: Mapping[str, Callable[[Mapping[str, str]], Adapter]] = {"stripe": _stripe, "chargebee": _chargebee}


def _terms(settings: Mapping[str, str]) -> Terms:
    return Terms(
        password_secret=settings["PASSWORD_SECRET"].encode(),
        package=settings.get("PACKAGE", "Basic"),
        website=settings["WEBSITE"],
        whitelabel=settings["WHITELABEL"],
    )


def main() -> None:
    """Serve until interrupted."""
    settings = os.environ
    try:
        adapter = VENDORS[sys.argv[1]](settings)
    except IndexError:
        sys.exit(f"usage: receiver {'|'.join(VENDORS)}")
    except KeyError as missing:
        sys.exit(f"{missing} must be given; see README.md")
    publisher = Publisher(
        settings.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/"), settings.get("PREFIX", "provisioning")
    )
    port = int(settings.get("PORT", "8080"))
    with ThreadingHTTPServer(("127.0.0.1", port), handler(adapter, publisher)) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
