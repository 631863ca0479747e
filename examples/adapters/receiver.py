"""Takes a vendor's webhooks over HTTP: `python -m examples.adapters.receiver stripe`. The settings are in README.md.

The answer is the promise. 200: the broker has the command on disk, or the event asks for nothing. 401: it is not from
the vendor. 400: its shape is not the documented one. 408, 411, 413, 501: its body cannot be read. 503: the broker did
not take it, send it again.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .bodies import Refused, check_framing, read_body
from .chargebee import Chargebee
from .publisher import NotTaken, Publisher
from .stripe import Stripe
from .translation import Adapter, Malformed, NotForUs, Terms

_READ_SECONDS = 10
_HOST = "127.0.0.1"
_MAX_PORT = 65535

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
        # Proxies speak it; a body in chunks, and the question whether to send it at all, belong to it.
        protocol_version = "HTTP/1.1"

        def handle_expect_100(self) -> bool:
            try:
                check_framing(self.headers)
            except Refused as refusal:
                self._respond(refusal.status, str(refusal))
                return False
            return super().handle_expect_100()

        def do_POST(self) -> None:
            try:
                body = read_body(self.headers, self.rfile)
            except Refused as refusal:
                self._respond(refusal.status, str(refusal))
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._respond(*answer(adapter, publisher, headers, body))

        def _respond(self, status: HTTPStatus, words: str) -> None:
            # The words are for the vendor's log of deliveries and ours; no name or secret of a customer is in them.
            self.log_message("%s", words)
            content = words.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            # Webhooks are few, and what is left of a refused one must not be read as the next.
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(content)

    return Webhook


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        webhook = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(webhook, dict):
        raise Malformed("the body is not a JSON object")
    return webhook


class Unusable(Exception):
    """A setting is missing or cannot be used; the words name it and never hold its value."""


def _stripe(settings: Mapping[str, str]) -> Adapter:
    return Stripe(_given(settings, "STRIPE_WEBHOOK_SECRET"), _terms(settings))


def _chargebee(settings: Mapping[str, str]) -> Adapter:
    user, password = _given(settings, "CHARGEBEE_WEBHOOK_USER"), _given(settings, "CHARGEBEE_WEBHOOK_PASSWORD")
    return Chargebee(user, password, _terms(settings))


VENDORS: Mapping[str, Callable[[Mapping[str, str]], Adapter]] = {"stripe": _stripe, "chargebee": _chargebee}


def _terms(settings: Mapping[str, str]) -> Terms:
    return Terms(
        password_secret=_given(settings, "PASSWORD_SECRET").encode(),
        package=settings.get("PACKAGE") or "Basic",
        website=_given(settings, "WEBSITE"),
        whitelabel=_given(settings, "WHITELABEL"),
    )


def _given(settings: Mapping[str, str], name: str) -> str:
    """A setting without which nothing starts: with an empty secret anybody could sign, or compute a password."""
    value = settings.get(name, "")
    if not value.strip():
        raise Unusable(f"{name} must be given, and not be empty; see README.md")
    return value


def _adapter(words: Sequence[str], settings: Mapping[str, str]) -> Adapter:
    if len(words) != 1:
        raise Unusable(f"usage: receiver {'|'.join(VENDORS)}")
    if words[0] not in VENDORS:
        raise Unusable(f"there is no adapter for {words[0]}; there are {', '.join(VENDORS)}")
    return VENDORS[words[0]](settings)


def _publisher(settings: Mapping[str, str]) -> Publisher:
    url = settings.get("AMQP_URL") or "amqp://guest:guest@127.0.0.1:5672/"
    try:
        if url.startswith(("amqp://", "amqps://")):
            return Publisher(url, settings.get("PREFIX") or "provisioning")
    except ValueError:
        pass
    # Raised out here, so that the library's own error is in no chain: it holds the URL.
    raise Unusable("AMQP_URL must be amqp:// or amqps:// with a host, and every / : @ # ? of a password escaped")


def _port(settings: Mapping[str, str]) -> int:
    given = settings.get("PORT") or "8080"
    if not (given.isascii() and given.isdecimal()) or int(given) > _MAX_PORT:
        raise Unusable(f"PORT must be a number from 0 to {_MAX_PORT}")
    return int(given)


def main() -> None:
    """Serve until interrupted."""
    settings = os.environ
    try:
        webhook = handler(_adapter(sys.argv[1:], settings), _publisher(settings))
        port = _port(settings)
    except Unusable as problem:
        sys.exit(str(problem))
    try:
        server = ThreadingHTTPServer((_HOST, port), webhook)
    except OSError as error:
        sys.exit(f"cannot listen on {_HOST}:{port}: {error.strerror}")
    with server:
        print(f"listening on http://{_HOST}:{server.server_port}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
