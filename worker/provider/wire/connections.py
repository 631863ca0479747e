"""Connections on which a whole answer, not one read of it, has a time limit, and requests' adapter for them.

A socket's own timeout bounds each read alone, so a server that sends one byte a second is never too slow for it. It
costs, too: Python asks the kernel to switch the socket's mode at each change of the timeout and to wait before each
send, and every such call lets go of the interpreter, which another thread then takes. So the socket here never blocks;
what must wait, waits until the one deadline.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import SSLError as TlsFailure
from urllib3.util.wait import wait_for_read, wait_for_write

from worker.provider.wire.tls import HandshakeFailed, SpokeFirst
from worker.received.certificates import marked_pem
from worker.received.http import AnswerBroken, StrictAnswer


class DeadlineSocket:
    """Stands in for a connected socket, with what http.client and urllib3 use of one.

    What is written leaves at `flush`, in one piece: head and body in two packets would wake the server twice.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0.0)
        self._socket = sock
        self._unsent: list[bytes] = []
        self._deadline = 0.0
        self.was_asked = False
        #: What came behind the end of an answer, in one piece with it.
        self.surplus = b""

    def settimeout(self, seconds: float | None) -> None:
        """Set the deadline of all that follows, so many seconds from now."""
        self._deadline = float("inf") if seconds is None else time.monotonic() + seconds

    def sendall(self, piece: bytes) -> None:
        """Keep a piece until `flush`."""
        self._unsent.append(piece)

    def flush(self) -> None:
        """Send what was kept. Raises TimeoutError at the deadline, OSError when the connection is gone."""
        unsent = memoryview(b"".join(self._unsent))
        self._unsent.clear()
        self.was_asked = True
        while unsent:
            try:
                unsent = unsent[self._socket.send(unsent) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self.wait(wait_for_write)
            except ssl.SSLWantReadError:
                self.wait(wait_for_read)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the reader of the answer; http.client asks for it once the request is written."""
        self.flush()
        return _Reader(self, _AnswerBytes(self, self._socket))

    def is_silent(self) -> bool:
        """Whether the idle socket has neither unread bytes nor an end: only then may a request be sent on it.

        One look at the socket also sees what TLS holds back; what it has to say for itself is no answer.
        """
        if self.surplus:
            return False
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def wait(self, until_ready: Callable[[socket.socket, float], bool]) -> None:
        """Wait until the socket is ready. Raises TimeoutError at the deadline."""
        left = self._deadline - time.monotonic()
        if left <= 0 or not until_ready(self._socket, left):
            raise TimeoutError("the call did not end in time")

    def shutdown(self, how: int) -> None:
        """Shut the socket down, which ends a blocked read on another thread."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Let the socket go; an answer that is still being read keeps it open."""
        self._socket.close()


class _Reader(io.BufferedReader):
    """Reads one answer, and leaves with the line what it has read beyond its end."""

    def __init__(self, line: DeadlineSocket, answer: "_AnswerBytes") -> None:
        super().__init__(answer)
        self._line = line
        self._answer = answer

    def close(self) -> None:
        """Let the socket go. http.client does so at the answer's end."""
        if not self.closed:
            self._answer.is_over = True
            self._line.surplus = self.peek()
        super().close()


class _AnswerBytes(io.RawIOBase):
    """The bytes of one answer, read within the line's deadline."""

    def __init__(self, line: DeadlineSocket, sock: socket.socket) -> None:
        super().__init__()
        self._line = line
        self._socket = sock
        # Holds the socket open for as long as the answer is read, also when the connection has let go of it.
        self._hold = sock.makefile("rb", buffering=0)
        self.is_over = False

    def readable(self) -> bool:
        """Answers are only read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer, as io asks
        """Read what is there; wait for it when nothing is. None when nobody waits any more."""
        while not self.is_over:
            # What TLS has decrypted already is in no socket any more: it would be waited for in vain.
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                self._line.wait(wait_for_read)
            try:
                return self._socket.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
        return None

    def close(self) -> None:
        """Let the socket go."""
        self._hold.close()
        super().close()


class _Answer(StrictAnswer):
    """An answer behind which nothing came, or what came is found."""

    def __init__(self, sock: Any, **options: Any) -> None:  # noqa: ANN401 - the signature is the library's
        super().__init__(sock, **options)
        self._line = sock if isinstance(sock, DeadlineSocket) else None

    def begin(self) -> None:
        """Read the status and the headers."""
        super().begin()
        # Where nobody can look behind the answer, nothing proves that its connection can be used again.
        self.will_close = self.will_close or self._line is None

    def read(self, amt: int | None = None) -> bytes:
        """Read the body. Raises AnswerBroken when it ends too early, or more than an answer came: which one is it?"""
        body = super().read(amt)
        if self.length and amt is not None and len(body) < amt:
            # Asked for a number of bytes, http.client hands over what came before the connection ended as if it were
            # all: what reads as a success by then may be the beginning of something else.
            self.close()
            raise AnswerBroken("it was cut short")
        if self.fp is None and self._line is not None and self._line.surplus.strip():
            raise AnswerBroken("more came than one answer")
        return body


class _Connection(HTTPConnection):
    response_class = _Answer

    @property
    def is_connected(self) -> bool:
        """Whether it is proven to be fit for a request; urllib3 asks before it uses a kept one, and closes others."""
        return isinstance(self.sock, DeadlineSocket) and self.sock.is_silent()

    def connect(self) -> None:
        super().connect()
        # TLS inside a proxy's own TLS has a socket of urllib3's making that must block: it is bounded read by read.
        if isinstance(self.sock, socket.socket):
            self.sock = DeadlineSocket(self.sock)

    def _tunnel(self) -> None:
        # What a proxy answers is bounded as a whole as well; TLS then needs the bare socket.
        bare = self.sock
        if isinstance(bare, socket.socket):
            self.sock = proxied = DeadlineSocket(bare)
            proxied.settimeout(self.timeout)
        super()._tunnel()
        if isinstance(bare, socket.socket):
            if proxied.surplus:
                raise AnswerBroken("more came than the proxy's answer")
            bare.settimeout(self.timeout)
            self.sock = bare

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the signature is the library's
        super().request(*arguments, **options)
        if isinstance(self.sock, DeadlineSocket):
            # The deadline of the call before is over, and a new connection has none yet.
            self.sock.settimeout(self.timeout)
            if not (self.sock.was_asked or self.sock.is_silent()):
                # A kept one was looked at when it was taken; nothing was sent yet.
                raise SpokeFirst(self)
            self.sock.flush()


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        bundle = self.ca_certs
        try:
            # It is read at each handshake, so that one that was renewed is used.
            self.ca_cert_data = marked_pem(bundle) if bundle else None
            self.ca_certs = None if self.ca_cert_data else bundle
            super().connect()
        except (OSError, TlsFailure, HTTPException) as failure:
            raise HandshakeFailed(self, failure, bundle) from failure
        finally:
            self.ca_certs = bundle


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class BoundedAdapter(HTTPAdapter):
    """An adapter whose read timeout bounds the whole answer.

    It is lean: TLS settings and proxies are the same for all calls to one host, so its pool is looked up once; and the
    answer gets status, headers and the raw body, which is all that is read of it.
    """

    def __init__(self, pool_connections: int, pool_maxsize: int) -> None:
        self._pools: dict[tuple[str, str], ConnectionPool] = {}
        super().__init__(pool_connections, pool_maxsize)

    def close(self) -> None:
        """Close idle connections at once: the library leaves them to the collector of garbage, which takes its time."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        super().close()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature is the library's
        """Make the pools, with our connections in them."""
        super().init_poolmanager(connections, maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401 - see above
        """The same for connections through a proxy."""
        pools = super().proxy_manager_for(proxy, **proxy_kwargs)
        pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return pools

    def get_connection_with_tls_context(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - see above
        """Find the pool of the request's host."""
        parts = urlsplit(request.url or "")
        host = parts.scheme, parts.netloc
        pool = self._pools.get(host)
        if pool is None:
            pool = self._pools[host] = super().get_connection_with_tls_context(request, *arguments, **options)
        return pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:  # noqa: ANN401 - see above
        """Name what is asked for; only a proxy needs the whole URL."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:  # noqa: ANN401, ARG002 - see above
        """Hand the answer over. Cookies are not looked for: none are kept."""
        response = Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        return response
