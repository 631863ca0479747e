"""An HTTP server that no client can hold up: few connections at once, and a deadline for each."""

import errno
import fcntl
import http.client
import itertools
import logging
import socket
import socketserver
import sys
import termios
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any

MOST_CONNECTIONS = 64
#: For a whole connection: the request, the answer, and until the client has taken it.
DEADLINE_SECONDS = 10.0
#: Beside the request line. Probes and scrapers send a few hundred.
MOST_HEADER_BYTES = 16_384
#: What a burst of probes may leave waiting to be accepted.
_BACKLOG = 512
_LINGER_SECONDS = 1.0
#: Any client that means it has sent its request by then; also one whose thread is still waiting for its turn.
_GRACE_SECONDS = 0.25
_AGAIN_SECONDS = 0.02
_INT_BYTES = 4
_WITHOUT_FILES_SECONDS = 0.2
_OUT_OF = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Connection:
    """`asked`: the request has arrived whole and is being answered; `ended`: broken off, and its thread will see it."""

    ends_at: float
    asked: bool = False
    ended: bool = False


class BoundedServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers each connection on a thread of its own.

    When there are too many, the oldest one that asks nothing is broken off: whoever sends a request at once is
    answered, however many others only hold a connection. Out of files, it waits until there are some again.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, host: str, port: int, handler: type["BoundedHandler"]) -> None:
        # An address with colons is one of IPv6; `::` takes IPv4 too, where the system can.
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: dict[socket.socket, _Connection] = {}
        self._changed = threading.Condition()
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        """Bind."""
        if self.address_family == socket.AF_INET6:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take the next connection. Raises OSError, which the library takes for none."""
        try:
            return super().get_request()
        except OSError as fault:
            if fault.errno in _OUT_OF:
                # It stays there to be taken, so that the loop would turn without a rest.
                with self._changed:
                    self._changed.wait(_WITHOUT_FILES_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's own types
        """Answer it on a thread, once there is room."""
        if not self._make_room():
            super().shutdown_request(request)
            return
        with self._changed:
            self._open[request] = _Connection(time.monotonic() + DEADLINE_SECONDS)
        super().process_request(request, client_address)

    def asked(self, request: socket.socket) -> None:
        """Its request is there: it is the last to be broken off."""
        with self._changed:
            if request in self._open:
                self._open[request].asked = True

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the library's own type
        """Close, after the client has taken the answer: what it sent beyond its request would take that away.

        From now on it is one of those that only hold a connection, however long it goes on sending.
        """
        with self._changed:
            if request in self._open:
                self._open[request].asked = False
        with suppress(OSError, ValueError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(_LINGER_SECONDS)
            while request.recv(MOST_HEADER_BYTES):
                pass
        self.close_request(request)
        with self._changed:
            self._open.pop(request, None)
            self._changed.notify_all()

    def service_actions(self) -> None:
        """Close the connections that are past their deadline; socketserver's loop calls it again and again."""
        now = time.monotonic()
        with self._changed:
            for request, connection in self._open.items():
                if connection.ends_at > now:
                    return
                _break_off(request, connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - the library's own types
        """A client that has gone is none of our business; anything else is a fault of ours."""
        if isinstance(sys.exception(), OSError):
            _LOG.debug("a connection ended early", exc_info=True)
        else:
            _LOG.exception("a connection to the health server could not be served")

    def _make_room(self) -> bool:
        """Wait for a place, and break off who holds one and asks nothing; False when none can be had in time."""
        give_up_at = time.monotonic() + _LINGER_SECONDS
        with self._changed:
            while len(self._open) >= MOST_CONNECTIONS:
                now = time.monotonic()
                if now > give_up_at:
                    return False
                idle = (pair for pair in self._open.items() if _only_holds(*pair, now))
                for request, connection in itertools.islice(idle, 1):
                    _break_off(request, connection)
                self._changed.wait(_AGAIN_SECONDS)
        return True


class BoundedHandler(BaseHTTPRequestHandler):
    """One request, of HTTP/1.0 or later, and no more: the connection is closed after it."""

    server: BoundedServer
    timeout = DEADLINE_SECONDS
    # Also what cannot be read gets an answer with headers.
    default_request_version = "HTTP/1.0"
    raw_requestline: bytes

    def parse_request(self) -> bool:
        """Read the request; whatever is wrong with it is answered."""
        if len(self.raw_requestline.split()) == 2:  # noqa: PLR2004 - a method and a path
            # Clients of HTTP/0.9 send no headers, and would be waited for.
            self.command, self.request_version = "", "HTTP/1.0"
            self.requestline = str(self.raw_requestline, "iso-8859-1").rstrip()
            self.send_error(HTTPStatus.BAD_REQUEST, "Say which HTTP it is")
            return False
        self.rfile = _Bounded(self.rfile)  # type: ignore[assignment]  # it has what is used of one
        whole = super().parse_request()
        self.server.asked(self.connection)
        return whole

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Log nothing: probes and scrapes come every few seconds."""


class _Bounded:
    """Lines, up to so many bytes in all."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self._left = MOST_HEADER_BYTES

    def readline(self, limit: int) -> bytes:
        """Read a line. Raises LineTooLong, which the library answers."""
        line = self._file.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise http.client.LineTooLong("headers")
        return line

    def close(self) -> None:
        """Close it."""
        self._file.close()


def _only_holds(request: socket.socket, connection: _Connection, now: float) -> bool:
    """Whether it has had its time and asks nothing: all that it sent has been read, and is no whole request."""
    had_its_time = now > connection.ends_at - DEADLINE_SECONDS + _GRACE_SECONDS
    if connection.asked or connection.ended or not had_its_time:
        return False
    with suppress(OSError):
        unread = fcntl.ioctl(request.fileno(), termios.FIONREAD, bytes(_INT_BYTES))
        return not any(unread)
    return True


def _break_off(request: socket.socket, connection: _Connection) -> None:
    connection.ended = True
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
