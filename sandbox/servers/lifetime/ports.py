"""Ports on the loopback interface: taking free ones, keeping them, and asking whether somebody answers there."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class ReservedPorts:
    """Free ports that stay ours while the server behind them is down.

    Each port is bound, never listened on, with SO_REUSEADDR: the server may listen there and nobody else gets it.
    Without this, a client that keeps reconnecting to a port of the ephemeral range while its server restarts sooner
    or later connects to itself, and the server cannot come back.
    """

    _sockets: list[socket.socket] = field(default_factory=list)

    def take(self) -> int:
        """Return one more free port on 127.0.0.1."""
        keeper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        self._sockets.append(keeper)
        port: int = keeper.getsockname()[1]
        return port

    def release(self) -> None:
        """Give all of them back; harmless when repeated."""
        while self._sockets:
            self._sockets.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def speaks_amqp(port: int) -> bool:
    """Return whether an AMQP 0-9-1 broker answers the protocol header on this port with a frame."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            # Connection.Start is a method frame (type 1) on channel 0; a broker that refuses sends its own header.
            return connection.recv(3) == b"\x01\x00\x00"
    except OSError:
        return False


def speaks_postgres(port: int, user: str, database: str) -> bool:
    """Return whether a PostgreSQL server on this port would let a client in, were its password right.

    A server that is still starting or recovering answers with an error; one that is ready asks for the password.
    """
    wanted = b"".join(word.encode() + b"\x00" for word in ("user", user, "database", database)) + b"\x00"
    protocol_3 = struct.pack("!II", 8 + len(wanted), 3 << 16)
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.sendall(protocol_3 + wanted)
            return connection.recv(1) == b"R"
    except OSError:
        return False


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    """Ask again every 50 ms until the answer is yes; no after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
