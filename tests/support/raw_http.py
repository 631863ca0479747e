"""A server that answers in bytes: everything an HTTP server should never do, it can do."""

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

LOOPBACK = "127.0.0.1"
LONG = 60.0
#: Answers one request; says whether the connection is kept for the next one.
Script = Callable[[socket.socket], bool]


def answer(body: bytes = b'{"message":"success"}', status: str = "200 OK", *headers: str) -> bytes:
    """Write a whole, well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def sends(*parts: bytes, kept: bool = True) -> Script:
    """Send this and keep the connection for the next request, or hang up."""

    def run(connection: socket.socket) -> bool:
        for part in parts:
            connection.sendall(part)
        return kept

    return run


def sends_and_closes(*parts: bytes) -> Script:
    """Send this and hang up."""
    return sends(*parts, kept=False)


def resets(connection: socket.socket) -> bool:
    """Break the connection off, so that the client gets an error and no end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def tunnels(
    context: ssl.SSLContext, *scripts: Script, opened: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
) -> Script:
    """Take a CONNECT as a proxy does, and be the server behind it as well, with these scripts of its own."""

    def run(connection: socket.socket) -> bool:
        connection.sendall(opened)
        left = deque(scripts)
        with context.wrap_socket(connection, server_side=True) as line, line.makefile("rb") as stream:
            for _ in _requests(stream):
                if not (left.popleft() if left else sends(answer()))(line):
                    break
        return False

    return run


@dataclass(slots=True)
class RawServer:
    """Reads whole requests and answers each by the next script; those after them get a plain success.

    `connections` counts what was accepted, `closed` what has been closed since; `requests` is what was read, in order.
    """

    port: int = 0
    connections: int = 0
    closed: int = 0
    requests: list[bytes] = field(default_factory=list)
    scripts: deque[Script] = field(default_factory=deque)
    tls: ssl.SSLContext | None = None
    reads_slowly: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"

    def will(self, *scripts: Script) -> None:
        """Say how it answers the next requests."""
        self.scripts.extend(scripts)

    def drips(self, head: bytes, drop: bytes, every_seconds: float) -> Script:
        """Send a beginning, and then a drop again and again until the client hangs up."""

        def run(connection: socket.socket) -> bool:
            connection.sendall(head)
            while not self.stopping.wait(every_seconds):
                connection.sendall(drop)
            return False

        return run

    def falls_silent(self, head: bytes = b"") -> Script:
        """Send a beginning, and then nothing until the end of the test."""
        return self.drips(head, b"", LONG)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is shut down."""
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self._converse, args=(connection,), name="raw-connection").start()

    def hang_up(self) -> None:
        """Close every connection."""
        self.stopping.set()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as line, line.makefile("rb") as stream:
            if self.reads_slowly:
                # Long enough for the client to find that nobody takes its bytes.
                self.stopping.wait(0.1)
            for request in _requests(stream):
                self.requests.append(request)
                script = self.scripts.popleft() if self.scripts else sends(answer())
                if not script(line):
                    break
        self.closed += 1

    def _secured(self, connection: socket.socket) -> socket.socket:
        self._open.append(connection)
        if self.tls is not None:
            try:
                self._open[-1] = connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                raise
        return connection


@contextmanager
def raw_server(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve on a free port for a with-block; afterwards none of its threads is left."""
    before = set(threading.enumerate())
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = RawServer(listener.getsockname()[1], tls=tls)
        server.will(*scripts)
        threading.Thread(target=server.serve, args=(listener,), name="raw-listener").start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.hang_up()
            _join(set(threading.enumerate()) - before)


def _join(threads: Iterable[threading.Thread]) -> None:
    for thread in threads:
        if thread.name.startswith("raw-"):
            thread.join(LONG)
            assert not thread.is_alive(), f"{thread.name} does not end"


def _requests(stream: BinaryIO) -> Iterator[bytes]:
    """Read one request after another, each with its whole body, until the client hangs up."""
    while line := stream.readline():
        head, length = line, 0
        while (line := stream.readline()) not in {b"\r\n", b""}:
            head += line
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        yield head + b"\r\n" + stream.read(length)
