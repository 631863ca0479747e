"""Connections on which a whole answer, not one read of it, has a time limit.

The socket's timeout bounds each read alone, so a server that sends one byte a second is never too slow for it. Here
each read gets only what is left of the time the answer was given.
"""

import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Answer(io.RawIOBase):
    """The bytes of one answer; raises TimeoutError once the time is used up."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._socket = sock
        # Holds the socket open for as long as the answer is read, also when the connection has let go of it.
        self._bytes = sock.makefile("rb", buffering=0)
        self._deadline = time.monotonic() + (sock.gettimeout() or 0.0)

    def readable(self) -> bool:
        """Answers are only read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer, as io asks
        """Read what is there, waiting no longer than what is left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._socket.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        """Let the socket go."""
        self._bytes.close()
        super().close()


class _Source:
    """Stands in for the socket where http.client asks it for a file to read the answer from."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self._socket))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, **options: Any) -> None:  # noqa: ANN401 - http.client's own options
        super().__init__(_Source(sock), **options)  # type: ignore[arg-type]  # only its makefile is ever used


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class BoundedAdapter(HTTPAdapter):
    """An adapter whose read timeout bounds the whole answer."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature is the library's
        """Make the pools, with our connections in them."""
        super().init_poolmanager(connections, maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401 - see above
        """The same for connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
