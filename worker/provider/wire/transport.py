"""One HTTP call: a request goes out, status, headers and a bounded body come back. Foreign errors end here.

The path through requests is a lean one: no session, so no cookies are kept, no environment is consulted and no
redirect is followed; connections are kept and reused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
import urllib3
from requests.models import PreparedRequest, Response
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.exceptions import ProxyError as ProxyFailure

from worker.errors import NotSent, OutcomeUnknown, ProviderLogin
from worker.provider.config import ProviderConfig
from worker.provider.wire.connections import BoundedAdapter
from worker.provider.wire.tls import HandshakeFailed, SpokeFirst, bundle_fault
from worker.received.http import AnswerBroken, Unreadable, unpacked

MAX_BODY_BYTES = 16 * 1024 * 1024

_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "provisioning-worker"}
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, NameResolutionError)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What goes out. Secrets are in the body or in headers, never in the URL."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, not yet understood. Header names compare in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Keeps the connections; one instance serves all attempt threads."""

    def __init__(self, config: ProviderConfig) -> None:
        # A probe of each login comes beside the calls, and what finds no room among the kept ones is thrown away.
        kept = config.concurrency + len(ProviderLogin)
        self._adapter = BoundedAdapter(pool_connections=2, pool_maxsize=kept)
        self._connect_timeout_seconds = config.connect_timeout_seconds
        self._proxies = {"http": config.proxy, "https": config.proxy} if config.proxy else {}
        self._verify: bool | str = config.ca_bundle or True

    def send(self, request: HttpRequest, within_seconds: float) -> HttpAnswer:
        """Send it and read the whole answer within the time given.

        Raises NotSent when the request cannot have left, OutcomeUnknown when no whole answer came back in time.
        """
        if within_seconds <= 0:
            # As after the process was frozen.
            raise NotSent("the time for this call was over before it could be sent")
        if isinstance(self._verify, str) and not Path(self._verify).exists():
            raise NotSent(f"the provider cannot be reached: {bundle_fault(self._verify)}")
        try:
            response = self._adapter.send(
                _prepared(request),
                stream=True,
                timeout=self._timeout(within_seconds),  # type: ignore[arg-type]  # urllib3's is passed through
                verify=self._verify,
                proxies=self._proxies,
            )
            return HttpAnswer(response.status_code, response.headers, _body_of(response))
        except Unreadable as exc:
            raise OutcomeUnknown(f"the provider's answer {exc}") from exc
        except (requests.RequestException, HTTPError, OSError) as exc:
            raise _translated(exc) from exc

    def close(self) -> None:
        """Close idle connections."""
        self._adapter.close()

    def _timeout(self, within_seconds: float) -> urllib3.Timeout:
        connect = min(self._connect_timeout_seconds, within_seconds)
        return urllib3.Timeout(connect=connect, total=within_seconds)


def _prepared(request: HttpRequest) -> PreparedRequest:
    # Built by hand: requests' own preparation costs more than the rest of the call together.
    prepared = PreparedRequest()
    prepared.method = request.method
    prepared.url = request.url
    # A plain dictionary will do: urllib3 only copies it, which is slow for requests' own kind.
    headers = {**_HEADERS, **request.headers}
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    prepared.headers = headers  # type: ignore[assignment]
    prepared.body = request.body
    prepared.hooks = {"response": []}
    return prepared


def _body_of(response: Response) -> bytes:
    raw = response.raw
    body: bytes = raw.read(MAX_BODY_BYTES + 1, decode_content=False)
    if len(body) > MAX_BODY_BYTES:
        raw.close()
        raise Unreadable(f"is larger than {MAX_BODY_BYTES} bytes")
    raw.release_conn()
    return unpacked(body, raw.headers.get("Content-Encoding", ""), MAX_BODY_BYTES)


def _translated(exc: Exception) -> NotSent | OutcomeUnknown:
    """Whether the request can have reached the provider. In doubt it can."""
    cause = exc.args[0] if exc.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else exc
    if isinstance(reason, ProxyFailure):
        # urllib3 says so too when the proxy hangs up after it has passed the request on.
        reason = reason.original_error
    if isinstance(reason, _NEVER_LEFT):
        return NotSent(f"the provider cannot be reached: {_words(reason)}")
    return OutcomeUnknown(f"the provider gave no whole answer: {_words(reason)}")


def _words(reason: object) -> str:
    if isinstance(reason, HandshakeFailed | SpokeFirst | AnswerBroken):
        return reason.why
    # Each of the two libraries wraps what the one below it raised.
    inner = next((each for each in getattr(reason, "args", ()) if isinstance(each, Exception)), None)
    # The kind of fault only: the libraries' own texts may repeat the URL or what was sent.
    return _words(inner) if inner is not None else type(reason).__name__
