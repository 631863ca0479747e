"""`/livez`, `/readyz` and `/metrics` over HTTP."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, make_wsgi_app

from worker.telemetry.serving import BoundedHandler, BoundedServer

Headers = Iterable[tuple[str, str]]

_ALLOWED = "GET, HEAD"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """An answer: whether it is well, and the JSON body that says why."""

    well: bool
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class Questions:
    """What the endpoints ask. `live`: the loops turn. `ready`: it consumes, stands by, or is paused on purpose."""

    live: Callable[[], State]
    ready: Callable[[], State]


@dataclass(frozen=True, slots=True)
class _Page:
    """What is answered."""

    status: HTTPStatus
    headers: Headers
    body: bytes


class HealthServer:
    """Serves on a thread of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, questions: Questions) -> None:
        self._server = BoundedServer(host, port, _handler(make_wsgi_app(registry), questions))
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _handler(metrics: Callable[..., Any], questions: Questions) -> type[BoundedHandler]:
    class Handler(BoundedHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's own name
            """Answer."""
            try:
                page = _page(self, metrics, questions)
            except Exception as fault:  # noqa: BLE001 - it must not cost the connection its answer
                _LOG.exception("a page could not be made")
                page = _text(HTTPStatus.INTERNAL_SERVER_ERROR, f"a fault of the worker's own: {type(fault).__name__}")
            _send(self, page)

        do_HEAD = do_GET  # noqa: N815 - the library's own name

        def do_POST(self) -> None:  # noqa: N802 - the library's own name
            """Refuse, and say what is there."""
            _send(self, _text(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered", ("Allow", _ALLOWED)))

        do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - the library's own names

    return Handler


def _page(request: BoundedHandler, metrics: Callable[..., Any], questions: Questions) -> _Page:
    try:
        asked = urlsplit(request.path)
    except ValueError:
        return _text(HTTPStatus.BAD_REQUEST, "the path cannot be read")
    match asked.path:
        case "/metrics":
            return _scraped(metrics, asked.query, request)
        case "/livez":
            return _state(questions.live())
        case "/readyz":
            return _state(questions.ready())
        case _:
            return _text(HTTPStatus.NOT_FOUND, "ask for /livez, /readyz or /metrics")


def _scraped(metrics: Callable[..., Any], query: str, request: BoundedHandler) -> _Page:
    accept = " ".join(request.headers.get("Accept", "").split())
    asked = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/metrics",
        "QUERY_STRING": query,
        "HTTP_ACCEPT": accept,
        "HTTP_ACCEPT_ENCODING": request.headers.get("Accept-Encoding", ""),
    }
    headers_seen: list[Headers] = []

    def respond(_status: str, headers: Headers) -> None:
        headers_seen.append(headers)

    try:
        body = b"".join(metrics(asked, respond))
    except (TypeError, ValueError):
        # A header that makes no sense asks for nothing in particular.
        body = b"".join(metrics({**asked, "HTTP_ACCEPT": "", "QUERY_STRING": ""}, respond))
    return _Page(HTTPStatus.OK, headers_seen[-1], body)


def _state(state: State) -> _Page:
    status = HTTPStatus.OK if state.well else HTTPStatus.SERVICE_UNAVAILABLE
    return _Page(status, [("Content-Type", "application/json")], json.dumps(state.body).encode() + b"\n")


def _text(status: HTTPStatus, words: str, *headers: tuple[str, str]) -> _Page:
    return _Page(status, [("Content-Type", "text/plain; charset=utf-8"), *headers], f"{words}\n".encode())


def _send(request: BoundedHandler, page: _Page) -> None:
    request.send_response(page.status)
    for name, value in page.headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(page.body)))
    request.send_header("Connection", "close")
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(page.body)
