"""`/livez`, `/readyz` and `/metrics` over HTTP."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

Respond = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class State:
    """An answer: whether it is well, and the JSON body that says why."""

    well: bool
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class Questions:
    """Who knows. `live`: do the loops turn. `ready`: can it consume, stand by, or is it paused on purpose."""

    live: Callable[[], State]
    ready: Callable[[], State]


class _Server(ThreadingMixIn, WSGIServer):
    # A scraper that hangs must not keep the process, nor keep others from being answered.
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Probes come every few seconds; nobody wants to read that."""


class HealthServer:
    """Serves on a thread of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, questions: Questions) -> None:
        self._metrics = make_wsgi_app(registry)
        self._questions = questions
        self._server = make_server(host, port, self._answer, server_class=_Server, handler_class=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_port)

    @property
    def alive(self) -> bool:
        """Whether its thread still turns."""
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

    def _answer(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                page: Iterable[bytes] = self._metrics(environ, respond)
                return page
            case "/livez":
                return _state(self._questions.live(), respond)
            case "/readyz":
                return _state(self._questions.ready(), respond)
            case _:
                respond("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"ask for /livez, /readyz or /metrics\n"]


def _state(state: State, respond: Respond) -> list[bytes]:
    body = json.dumps(state.body).encode() + b"\n"
    status = "200 OK" if state.well else "503 Service Unavailable"
    respond(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
