"""The writer's one connection, and how far it has come on it: what the watchdog sees of the writer."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Connection

from worker.ledger.stores.store import Store


@dataclass(slots=True)
class WriterProgress:
    """Counts. `begun`: transactions that were tried; `settled`: those that ended well, or badly by their own fault.

    `waiting`: one has begun, and neither it nor any after it was settled. `trouble`: what is to be reported of the
    database since the last one failed, empty once one is settled.
    """

    begun: int = 0
    settled: int = 0
    waiting: bool = False
    trouble: str = ""

    def begin(self) -> None:
        """Note that a transaction begins."""
        self.begun += 1
        self.waiting = True

    def settle(self) -> None:
        """The database has answered it."""
        self.settled += 1
        self.waiting = False
        self.trouble = ""


class WriterConnection:
    """Opened and closed by the writer's thread alone; any thread may break it off."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None
        self._check = store.check
        self._lock = Lock()
        self._socket: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection already."""
        return self._connection is not None

    def connection(self) -> Connection:
        """The open connection, made where there is none. Raises DBAPIError."""
        if self._connection is None:
            self._connection = self._store.engine.connect()
            self._check = self._store.watch()
            self._know(self._store.descriptor(self._connection))
        return self._connection

    def check(self) -> None:
        """Raise Displaced when the database is no longer the one that was opened."""
        self._check()

    def close(self) -> None:
        """Close it; the next call of `connection` makes another one."""
        self._know(None)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def break_off(self) -> None:
        """Close a server's connection, so that a thread waiting for its answer fails at once; SQLite's stays open."""
        with self._lock, suppress(OSError):  # the server may have hung up already
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _know(self, descriptor: int | None) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            # A descriptor of our own: the driver's may be closed, and be another connection's by the time it is used.
            self._socket = None if descriptor is None else socket.socket(fileno=os.dup(descriptor))
