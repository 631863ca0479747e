"""The provider's customer API as the worker's port, and how each call is made.

When, how often again, with which login, and what is reported of it; no secret is in the words of a failure.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar
from urllib.parse import unquote

import tenacity

from messages.commands import Command, UpdateUserProfile
from worker.domain.ports import CustomerRow
from worker.domain.telemetry import Emit, ProviderCalled, discard_event
from worker.domain.texts.comparison import same_in_any_case
from worker.domain.texts.redaction import scrubbed
from worker.errors import (
    Blocked,
    ClaimLost,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    ProviderLogin,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)
from worker.provider.answers import exhausted_seconds
from worker.provider.calls import Forms, Profiles, ProviderCall
from worker.provider.config import READS, CallResult, Login, ProviderConfig, login_for
from worker.provider.listing import Listing
from worker.provider.wire.transport import Transport

#: No username is longer than 100 characters, so this one can never exist.
_IMPOSSIBLE_USERNAME = "probe." + "0" * 120

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


class ProviderClient:
    """Implements the `Provider` port. Safe for many threads; each makes one call at a time."""

    def __init__(
        self,
        config: ProviderConfig,
        may_write: Callable[[], bool],
        emit: Emit = discard_event,
        read_login: Callable[[], Login] | None = None,
        exhausted: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._caller = Caller(config, may_write, emit, read_login or (lambda: config.login), exhausted)
        self._forms = Forms(config)
        self._profiles = Profiles(config)
        self._on_behalf_of = OnBehalfOf(self._caller, self._profiles)

    def apply(self, command: Command) -> None:
        """Make the one change that the command asks for, in one call; see the port."""
        if isinstance(command, UpdateUserProfile):
            self._caller.make(self._profiles.update(command))
        else:
            self._caller.make(self._forms.change(command))

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username; the provider's own search finds substrings, in pages."""
        try:
            return next((row for row in self.search({"username": username}) if row.username == username), None)
        except Rejected as refusal:
            raise _question_refused("the list", refusal) from refusal

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer that matches, each once; a page is read when the rows before it are used up."""
        return Listing(lambda offset: self._caller.make(self._forms.page(filters, offset))).rows()

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on; never the key's own. Raises Rejected then."""
        return self._on_behalf_of.username(on_behalf_of)

    def probe(self) -> None:
        """Ask for a customer that cannot exist. A refusal is a success: the provider answers and knows the login."""
        with suppress(Rejected):
            self._caller.make(self._forms.page({"username": _IMPOSSIBLE_USERNAME}, 0))

    def probe_v3(self) -> None:
        """Ask whose the bearer key is; without a key there is nothing to ask."""
        with suppress(Rejected):
            self._caller.make(self._profiles.own_username())

    def probes(self) -> Mapping[ProviderLogin, Callable[[], None]]:
        """The probe of each login."""
        return {ProviderLogin.V2: self.probe, ProviderLogin.V3: self.probe_v3}

    def waited_seconds(self) -> float:
        """How long the calling thread has ever waited for its turn: for our own rate limit."""
        return self._caller.waited_seconds()

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._caller.end()

    def close(self) -> None:
        """Close idle connections."""
        self._caller.close()


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


class _Waits(threading.local):
    """A thread's own sum."""

    seconds = 0.0


class Caller:
    """Makes calls, one at a time for each thread that asks.

    `may_write` is asked right before each call that changes something, `emit` hears of each call, `read_login` gives
    the login as it is set now, `exhausted` hears for how many seconds no further call is allowed.
    """

    def __init__(
        self,
        config: ProviderConfig,
        may_write: Callable[[], bool],
        emit: Emit,
        read_login: Callable[[], Login],
        exhausted: Callable[[float], None],
    ) -> None:
        self._transport = Transport(config)
        self._login = config.login
        self._proxy_password = _password_in(config.proxy)
        self._may_write = may_write
        self._emit = emit
        self._read_login = read_login
        self._exhausted = exhausted
        self._rate_limiter = RateLimiter(config.rate_per_minute)
        self._timeout_seconds = config.timeout_seconds
        self._waits = _Waits()

    @property
    def login(self) -> Login:
        """The login that the next call is made with; a new object each time that it was read again."""
        return self._login

    def make(self, call: ProviderCall[_T]) -> _T:
        """Make the call when it is its turn. Raises the ProviderError that came of it, or ClaimLost before a change."""
        asked = time.monotonic()
        try:
            self._rate_limiter.wait()
        finally:
            turn = time.monotonic()
            self._waits.seconds += turn - asked
        return self._persistently(call, turn + self._timeout_seconds)

    def waited_seconds(self) -> float:
        """How long the calling thread has ever waited for its turn; only grows."""
        return self._waits.seconds

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._rate_limiter.end()

    def close(self) -> None:
        """Close idle connections."""
        self._transport.close()

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
                self._login = self._read_login()
            secrets = (login.api_key, login.v3_api_key or "", self._proxy_password, *call.secrets())
            raise _clean(failure, secrets) from failure.__cause__
        finally:
            self._emit(ProviderCalled(call.operation, result, time.perf_counter() - started))

    def _check_lease(self, operation: str) -> None:
        # Right before the write: a process that was frozen past its lease must not write beside its successor.
        if operation not in READS and not self._may_write():
            raise ClaimLost("the ledger's lease has run out; another worker may have taken the command over")

    def _mind_the_limit(self, seconds: float) -> None:
        if seconds:
            self._exhausted(seconds)


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


class OnBehalfOf:
    """Asks the provider for whom a v3 call would act.

    The key's own user is asked for once for each login, and anew once the login was refused.
    """

    def __init__(self, caller: Caller, profiles: Profiles) -> None:
        self._caller = caller
        self._profiles = profiles
        self._own: tuple[Login | None, str] = None, ""

    def username(self, on_behalf_of: str) -> str:
        """The username of the user for whom it would act. Raises Rejected when that is the key's own one.

        An ignored header would show so, and the call would change the reseller.
        """
        name = self._asked(on_behalf_of)
        if same_in_any_case(name, self._own_name()):
            raise Rejected("it would act for the reseller itself")
        return name

    def _asked(self, on_behalf_of: str) -> str:
        """Ask; a refused key is asked for itself, and then once more, as it may have been changed meanwhile.

        A key that is good and may not act for this user is a refusal of the command, not of the login: both are refused
        in the same way.
        """
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized:
            self._ask_own_name()
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized as refused:
            raise Rejected("the v3 key is good, but may not act for this user", refused.errors) from refused

    def _own_name(self) -> str:
        login, name = self._own
        return name if login is self._caller.login else self._ask_own_name()

    def _ask_own_name(self) -> str:
        login = self._caller.login
        try:
            name = self._caller.make(self._profiles.own_username())
        except Rejected as refusal:
            raise _question_refused("whose the v3 key is", refusal) from refusal
        # Both at once: other threads read them together.
        self._own = login, name
        return name


def _question_refused(what: str, refusal: Rejected) -> OutcomeUnknown:
    """It is the question that was refused, and not the command that it is asked for."""
    unknown = OutcomeUnknown(f"{what} cannot be read: {refusal.detail}", refusal.errors)
    unknown.login = refusal.login
    return unknown
