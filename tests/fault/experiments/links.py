"""A link to a server that can be bad in ways beyond a cut: silent in one direction, or slow."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.tcp_proxy import TcpProxy

_CHUNK_BYTES = 65_536


class Link(TcpProxy):
    """A proxy whose two directions can be held, each by itself, and slowed down."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self._requests = threading.Event()
        self._requests.set()
        self._pace: tuple[int, float] = (_CHUNK_BYTES, 0.0)
        self._released = threading.Event()

    def swallow_requests(self, *, swallow: bool = True) -> None:
        """Hold back what the client says; what the server says still arrives."""
        if swallow:
            self._requests.clear()
        else:
            self._requests.set()

    def crawl(self, chunk_bytes: int, seconds: float) -> None:
        """Forward so many bytes at a time, each after so many seconds."""
        self._pace = (chunk_bytes, seconds)

    def run(self) -> None:
        """Be fast again."""
        self._pace = (_CHUNK_BYTES, 0.0)

    def recover(self) -> None:
        """End every hold. What was held is lost with its connection, as on a link that was broken for long."""
        self.cut()
        self.swallow_requests(swallow=False)
        self.swallow_answers(swallow=False)
        self.run()

    def release(self) -> None:
        """Give the port back."""
        self._released.set()
        self._requests.set()
        super().release()

    def _pump(self, source: socket.socket, sink: socket.socket, held: bool) -> None:
        gate = self._answers if held else self._requests
        with suppress(OSError):
            while chunk := source.recv(self._pace[0]):
                gate.wait()
                if self._pace[1]:
                    self._released.wait(self._pace[1])
                sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def link(url: str) -> Iterator[tuple[str, Link]]:
    """Yield a URL that leads to the same server by an open link."""
    port = urlsplit(url).port or 0
    built = Link(port)
    built.open()
    try:
        yield url.replace(f":{port}", f":{built.port}"), built
    finally:
        built.release()
