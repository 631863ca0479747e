"""TLS in front of a server that speaks none: a port that unwraps it."""

import select
import socket
import ssl
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
_HANDSHAKE_SECONDS = 60.0
_CHUNK = 65536


class TlsFront:
    """Listens with TLS and forwards to a plain port, on threads of its own, for a with-block."""

    def __init__(self, target_port: int, certificate: Path, key: Path) -> None:
        self._target_port = target_port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server((LOOPBACK, 0))
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, name="tls-front")]
        self._over = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        """Listen."""
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut everything, and wait until it is cut."""
        with self._guard:
            self._over = True
            for each in (self._listener, *self._open):
                _cut(each)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        # Shut down, it accepts nothing more.
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), name="tls-front-connection")
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        # Whatever breaks on a connection ends that connection alone: tests break them on purpose.
        with (
            suppress(OSError),
            closing(client),
            closing(socket.create_connection((LOOPBACK, self._target_port))) as server,
        ):
            client.settimeout(_HANDSHAKE_SECONDS)
            if self._kept(client) and self._kept(server):
                with self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as secure:
                    if self._kept(secure):
                        secure.do_handshake()
                        _forward(secure, server)

    def _kept(self, connection: socket.socket) -> bool:
        """Have it cut at the end; say whether that has come already."""
        with self._guard:
            self._open = {each for each in self._open if each.fileno() >= 0} | {connection}
            if self._over:
                _cut(connection)
            return not self._over


def _forward(secure: ssl.SSLSocket, server: socket.socket) -> None:
    ways: dict[socket.socket, socket.socket] = {secure: server, server: secure}
    while True:
        # What TLS has decrypted already makes no socket readable.
        ready = [secure] if secure.pending() else select.select(list(ways), [], [])[0]
        for source in ready:
            chunk = source.recv(_CHUNK)
            if not chunk:
                return
            ways[source].sendall(chunk)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not that of the TLS socket, which would say goodbye first.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
