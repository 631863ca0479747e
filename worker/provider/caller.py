"""Makes calls: how many at once, how often again, with which login, and what is reported of each."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar
from urllib.parse import unquote

import tenacity

from worker.domain.telemetry import Emit, ProviderCalled
from worker.domain.texts.redaction import scrubbed
from worker.errors import (
    Blocked,
    ClaimLost,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)
from worker.provider.answers import exhausted_seconds
from worker.provider.calls import ProviderCall
from worker.provider.config import READS, CallResult, Login, ProviderConfig, login_for
from worker.provider.wire.transport import Transport

_T = TypeVar("_T")

_MAX_TEXT_CHARACTERS = 500
_MAX_DETAIL_CHARACTERS = 2_000
#: Scrubbing takes far longer than reading: an endless text must not hold up all other threads.
_MAX_SCRUBBED_CHARACTERS = 16_384
#: 255 characters, each of them written as twelve.
_LONGEST_SPELLED_SECRET_CHARACTERS = 4_096
_FURTHER_CALLS = 2
_LONGEST_WAIT_SECONDS = 0.15

_RESULTS = {
    Rejected: CallResult.REJECTED,
    Blocked: CallResult.REJECTED,
    OutcomeUnknown: CallResult.UNKNOWN,
    Unprovable: CallResult.UNKNOWN,
    NotSent: CallResult.NOT_SENT,
    Throttled: CallResult.THROTTLED,
    Unauthorized: CallResult.UNAUTHORIZED,
}


class RateLimiter:
    """Lets calls begin at even distances: at most `per_minute` of them, 0 for no limit."""

    def __init__(self, per_minute: int) -> None:
        self._distance_seconds = 60.0 / per_minute if per_minute else 0.0
        self._next_at = 0.0
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def wait(self) -> None:
        """Return when it is this call's turn. Raises NotSent when the worker ends meanwhile."""
        if not self._distance_seconds:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + self._distance_seconds
        if self._ended.wait(turn - now):
            raise NotSent("the worker ends before it was this call's turn")

    def end(self) -> None:
        """End every wait for the rate limiter at once, now and later."""
        self._ended.set()


@dataclass(frozen=True, slots=True)
class CallerContext:
    """Who is asked and informed around each call.

    `may_write` is asked right before each call that changes something, `emit` hears of each call, `read_login` gives
    the login as it is set now, `exhausted` hears for how many seconds no further call is allowed.
    """

    may_write: Callable[[], bool]
    emit: Emit
    read_login: Callable[[], Login]
    exhausted: Callable[[float], None]


class _Waits(threading.local):
    """A thread's own sum."""

    seconds = 0.0


class Caller:
    """Makes at most `concurrency` calls at once, for any number of threads."""

    def __init__(self, config: ProviderConfig, around: CallerContext) -> None:
        self._transport = Transport(config)
        self._login = config.login
        self._proxy_password = _password_in(config.proxy)
        self._around = around
        self._rate_limiter = RateLimiter(config.rate_per_minute)
        self._timeout_seconds = config.timeout_seconds
        # A semaphore without a semaphore's price: handlers wait here all the time.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(config.concurrency):
            self._places.put(None)
        self._waits = _Waits()

    @property
    def login(self) -> Login:
        """The login that the next call is made with; a new object each time that it was read again."""
        return self._login

    def make(self, call: ProviderCall[_T]) -> _T:
        """Make the call when it is its turn. Raises the ProviderError that came of it, or ClaimLost before a change."""
        asked = time.monotonic()
        self._places.get()
        try:
            return self._in_turn(call, asked)
        finally:
            self._places.put(None)

    def waited_seconds(self) -> float:
        """How long the calling thread has ever waited for its turn; only grows."""
        return self._waits.seconds

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._rate_limiter.end()

    def close(self) -> None:
        """Close idle connections."""
        self._transport.close()

    def _in_turn(self, call: ProviderCall[_T], asked: float) -> _T:
        try:
            self._rate_limiter.wait()
        finally:
            turn = time.monotonic()
            self._waits.seconds += turn - asked
        return self._persistently(call, turn + self._timeout_seconds)

    def _persistently(self, call: ProviderCall[_T], deadline: float) -> _T:
        try:
            return self._once(call, deadline)
        except NotSent:
            if _is_over(deadline):
                raise
            return self._again(call, deadline)

    def _again(self, call: ProviderCall[_T], deadline: float) -> _T:
        """Try twice more what cannot have happened: a connection refused while a server restarts."""
        policy = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(NotSent),
            stop=lambda state: state.attempt_number >= _FURTHER_CALLS or _is_over(deadline),
            wait=tenacity.wait_random(0.05, _LONGEST_WAIT_SECONDS),
            reraise=True,
        )
        return policy(lambda: self._once(call, deadline))

    def _once(self, call: ProviderCall[_T], deadline: float) -> _T:
        login = self._login
        request = call.request(login)
        self._check_lease(call.operation)
        started = time.perf_counter()
        result = CallResult.SUCCESS
        try:
            answer = self._transport.send(request, deadline - time.monotonic())
            self._mind_the_limit(exhausted_seconds(answer))
            return call.understand(answer)
        except ProviderError as failure:
            result = _RESULTS[type(failure)]
            failure.login = login_for(call.operation)
            if isinstance(failure, Unauthorized):
                # It may have been changed in its file meanwhile; the next call uses what is there now.
                self._login = self._around.read_login()
            secrets = (login.api_key, login.v3_api_key or "", self._proxy_password, *call.secrets())
            raise _clean(failure, secrets) from failure.__cause__
        finally:
            self._around.emit(ProviderCalled(call.operation, result, time.perf_counter() - started))

    def _check_lease(self, operation: str) -> None:
        # Right before the write: a process that was frozen past its lease must not write beside its successor.
        if operation not in READS and not self._around.may_write():
            raise ClaimLost("the ledger's lease has run out; another worker may have taken the command over")

    def _mind_the_limit(self, seconds: float) -> None:
        if seconds:
            self._around.exhausted(seconds)


def _password_in(proxy: str | None) -> str:
    """The proxy's password, which it may quote like any other; empty when it has none."""
    login = (proxy or "").rpartition("@")[0].partition("://")
    return unquote((login[2] or login[0]).partition(":")[2])


def _is_over(deadline: float) -> bool:
    """Whether the time left is too short for a further call."""
    return time.monotonic() + _LONGEST_WAIT_SECONDS >= deadline


def _clean(failure: ProviderError, secrets: tuple[str, ...]) -> ProviderError:
    """The same failure without any secret in its words."""
    failure.detail = _shortened(failure.detail, secrets)[:_MAX_DETAIL_CHARACTERS]
    failure.errors = tuple(_shortened(text, secrets)[:_MAX_TEXT_CHARACTERS] for text in failure.errors)
    failure.args = (failure.detail,)
    return failure


def _shortened(text: str, secrets: tuple[str, ...]) -> str:
    if len(text) <= _MAX_SCRUBBED_CHARACTERS:
        return scrubbed(text, secrets)
    # Half a secret is not recognised, and one may stand where the text is cut: what is near the cut is left out.
    return scrubbed(text[:_MAX_SCRUBBED_CHARACTERS], secrets)[:-_LONGEST_SPELLED_SECRET_CHARACTERS]
