"""A TCP proxy that tests put between a client and a server, to be absent, cut connections, or swallow answers."""

import socket
import threading
from contextlib import suppress

LOOPBACK = "127.0.0.1"


class TcpProxy:
    """Forwards one port to another. Its own port is kept from the beginning, so that nobody else can take it."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._answers = threading.Event()
        self._answers.set()
        self._listener: socket.socket | None = None
        self._keeper = _keeper()
        self.port: int = self._keeper.getsockname()[1]

    def open(self) -> None:
        """Listen from now on; until then clients are refused."""
        self._listener = socket.create_server((LOOPBACK, self.port), backlog=8)
        threading.Thread(target=self._accept, args=(self._listener,), name="proxy-accept", daemon=True).start()

    def close(self) -> None:
        """Cut every connection and refuse new ones."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection; new ones are welcome."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def swallow_answers(self, *, swallow: bool = True) -> None:
        """Hold back what the server says; what the client says still arrives."""
        if swallow:
            self._answers.clear()
        else:
            self._answers.set()

    def release(self) -> None:
        """Give the port back."""
        self._answers.set()
        self.close()
        self._keeper.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((LOOPBACK, self._target_port))
                self._pairs.append((client, server))
                self._forward(client, server, held=False)
                self._forward(server, client, held=True)

    def _forward(self, source: socket.socket, sink: socket.socket, *, held: bool) -> None:
        threading.Thread(target=self._pump, args=(source, sink, held), name="proxy-pump", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, held: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                if held:
                    self._answers.wait()
                sink.sendall(chunk)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def _keeper() -> socket.socket:
    """Bind a port without listening, so that the system gives it to nobody, least of all to a dialling client."""
    keeper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((LOOPBACK, 0))
    return keeper
