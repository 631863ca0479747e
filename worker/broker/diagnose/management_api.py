"""RabbitMQ's management HTTP API, read only: bounded in time and size, no proxy, no redirect, no password shown."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from worker.broker import tls
from worker.errors import BrokerError, BrokerUnreachable
from worker.received.certificates import trusting
from worker.received.http import AnswerBroken, StrictAnswer, Unreadable, unpacked

_SECONDS = 5.0
_LATE = f"no whole answer within {_SECONDS:g} s"
_MOST_BYTES = 4 * 1024**2
_PORTS = {"http": 15672, "https": 15671}
_HEALTHY, _UNHEALTHY, _NOT_FOUND = 200, 503, 404
_REFUSALS = frozenset({401, 403})


class ManagementRefused(BrokerError):
    """The API is there and does not answer: the login, its tags, or an answer that is none of the API's."""


@dataclass(frozen=True, slots=True)
class ManagementLogin:
    """User and password for the management API."""

    user: str
    password: str = field(repr=False)


class ManagementApi:
    """Asks one question at a time, each on a connection of its own.

    `url` may hold a login, which is used instead of `login`; `tls_ca` is the path of a CA bundle.
    """

    def __init__(self, url: str, login: ManagementLogin | None, tls_ca: str | None = None) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS.get(parts.scheme, 0)
        self._path = parts.path.rstrip("/")
        self._tls_ca = tls_ca
        if parts.username is not None:
            login = ManagementLogin(unquote(parts.username), unquote(parts.password or ""))
        self._login = login

    @property
    def url(self) -> str:
        """Where it is, without the login."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self._port}{self._path}"

    @property
    def user(self) -> str:
        """The user of the management API; empty when there is no API to ask."""
        return self._login.user if self._login else ""

    def get(self, *names: str) -> Any | None:  # noqa: ANN401 - JSON of whatever shape; those who read it look
        """What the API answers at `/api/` and these names; None when there is no such thing.

        Raises BrokerUnreachable or ManagementRefused.
        """
        status, body = self._ask(names)
        if status == _NOT_FOUND:
            return None
        # A health check that fails answers 503, and says in its body what is ill.
        if status not in {_HEALTHY, _UNHEALTHY}:
            raise ManagementRefused(self._refusal(status))
        try:
            # It finds out by itself which UTF it is, and whether a byte order mark is before it.
            return json.loads(body)
        except ValueError as exc:
            raise ManagementRefused(f"{self.url} does not answer in JSON; is it the management API?") from exc

    def _refusal(self, status: int) -> str:
        if status in _REFUSALS:
            return f"it refuses the login {self.user or '(none)'} ({status}), or the login lacks the tag `monitoring`"
        return f"it answered with status {status}"

    def _ask(self, names: Sequence[str]) -> tuple[int, bytes]:
        path = f"{self._path}/api/{'/'.join(quote(name, safe='') for name in names)}"
        connection = self._connection()
        # A peer that sends a byte now and then would keep every single read alive.
        too_late = threading.Event()
        watchdog = threading.Timer(_SECONDS, _cut, (connection, too_late))
        watchdog.start()
        try:
            connection.request("GET", path, headers=self._headers())
            answer = connection.getresponse()
            body = self._body(answer)
        except (OSError, HTTPException, ValueError) as exc:
            raise self._unreachable(_LATE if too_late.is_set() else _worded(exc)) from exc
        finally:
            watchdog.cancel()
            connection.close()
        if too_late.is_set():
            raise self._unreachable(_LATE)
        return answer.status, body

    def _body(self, answer: HTTPResponse) -> bytes:
        body = answer.read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise ManagementRefused(f"{self.url} answers with more than {_MOST_BYTES // 1024**2} MiB")
        if answer.length:
            raise IncompleteRead(body, answer.length)
        try:
            return unpacked(body, answer.getheader("Content-Encoding", ""), _MOST_BYTES)
        except Unreadable as exc:
            raise ManagementRefused(f"what {self.url} answers {exc}") from exc

    def _unreachable(self, reason: str) -> BrokerUnreachable:
        return BrokerUnreachable(f"{self.url} cannot be asked: {reason}")

    def _connection(self) -> HTTPConnection:
        if self._scheme != "https":
            connection = HTTPConnection(self._host, self._port, timeout=_SECONDS)
        else:
            connection = HTTPSConnection(self._host, self._port, timeout=_SECONDS, context=self._context())
        connection.response_class = StrictAnswer
        return connection

    def _context(self) -> ssl.SSLContext:
        try:
            return trusting(self._tls_ca)
        except OSError as exc:
            raise BrokerUnreachable(f"the CA bundle {self._tls_ca} cannot be used: {exc}") from exc

    def _headers(self) -> dict[str, str]:
        if self._login is None:
            return {}
        pair = f"{self._login.user}:{self._login.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _cut(connection: HTTPConnection, too_late: threading.Event) -> None:
    """End a connection from another thread; a read under way then ends too."""
    too_late.set()
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _worded(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return tls.words(error, "PROVISIONING_AMQP__MANAGEMENT_URL")
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at that address"
    if isinstance(error, AnswerBroken):
        return f"the answer cannot be read: {error.why}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"the answer is no HTTP ({type(error).__name__})"
