"""The circuit breaker of one login at the provider, and what the last calls with it say. Pure: no threads, no locks.

    state      becomes    when
    closed     open       half of the last twenty calls failed, or one did and the probe too (cause `outage`)
    closed     open       the login is refused, by the probe too (cause `unauthorized`)
    closed     open       the provider names a time to wait (cause `throttled`), or a room of the worker fails
    open       half-open  no cause holds any more: the probe is answered, the time is over, the room is back
    half-open  closed     each success doubles how many commands may run, until that is all slots
    half-open  half-open  a failure: one may run again

Open is to hold one cause or several; half-open is to allow fewer commands than there are slots. All times are epoch
seconds.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from worker.domain.ports import Clock
from worker.domain.retry_policy import Blame
from worker.errors import Blocked, ProviderError, Throttled, Unauthorized
from worker.intake.causes import ENDED_BY_PROBE, OUR_OWN, PauseCause, PausePolicy, PauseState

_WINDOW_CALLS = 20
_WINDOW_CUSTOMERS = 3
#: A quarter of the window, by at least two others: a single unlucky customer does not excuse everybody.
_UNSTEADY_CALLS = 5
_UNSTEADY_CUSTOMERS = 2
_MANY_CUSTOMERS = 10
_PROBES = 5

_Made = deque[tuple[str, bool]]

_LONGEST_PROBE_SECONDS = 600.0
#: How long a single failure waits for somebody else's success before the probe is asked.
_SUSPICION_SECONDS = 1.0
_UNNAMED_THROTTLE_SECONDS = 1.0


def _window() -> _Made:
    return deque(maxlen=_WINDOW_CALLS)


@dataclass(slots=True)
class CallWindow:
    """The last twenty calls and five probes, when the provider last answered, and for which customer.

    Two questions are answered here, and they need different evidence. Whether to stop: half of the last twenty calls
    failed, over three customers. And whose a single failure was: a provider at which every second call fails answers
    somebody well all the time, so one success proves little about it. A failure is its command's own only

    - when another customer was answered since, and fewer than a quarter of the others' calls failed, or
    - when the probe was answered since, none of its last five failed, and fewer than ten customers had failures:
      against ten customers a neutral question proves nothing, because a provider may answer questions and apply no
      change.

    A command needs twenty such failures to be given up, or a handful where its request is refused by a status alone. Of
    the twenty: with independent failures at any rate its own success comes first, but for less than one in a thousand
    million.
    """

    _spell: _Made = field(default_factory=_window)
    _recent: _Made = field(default_factory=_window)
    _probes: deque[bool] = field(default_factory=lambda: deque(maxlen=_PROBES))
    _well: tuple[str, float] | None = None
    _well_for_others: float | None = None
    _probe_well_at: float | None = None
    _probe_failed_at: float | None = None

    def succeeded(self, customer: str, now: float) -> None:
        """One customer's call was answered."""
        self._note(customer, well=True)
        if self._well is not None and self._well[0] != customer:
            self._well_for_others = self._well[1]
        self._well = (customer, now)

    def failed(self, customer: str) -> None:
        """One customer's call failed for a reason that may be the provider's."""
        self._note(customer, well=False)

    def probe_succeeded(self, now: float) -> None:
        """The probe was answered: whether to stop is asked anew."""
        self._spell.clear()
        self._probes.append(True)
        self._probe_well_at = now

    def probe_failed(self, now: float) -> None:
        """Count a probe that failed."""
        self._probes.append(False)
        self._probe_failed_at = now

    def forget(self) -> None:
        """Ask anew whether to stop, so that one bad spell does not stop twice; what is known of it stays known."""
        self._spell.clear()

    @property
    def too_many_failed(self) -> bool:
        """At least half of twenty, over at least three customers; also when nothing ever succeeded."""
        failed = _failed(self._spell)
        return 2 * len(failed) >= _WINDOW_CALLS and len(set(failed)) >= _WINDOW_CUSTOMERS

    @property
    def well_at(self) -> float | None:
        """The time (epoch seconds) of the last call or probe that was answered."""
        return max((at for at in (self._well and self._well[1], self._probe_well_at) if at is not None), default=None)

    def blame(self, customer: str, since: float) -> Blame:
        """Return who caused the failure that this customer's command met at `since` (epoch seconds), if known."""
        if _is_later(self._probe_failed_at, since) or self._probe_failed_at == since:
            return Blame.PROVIDER
        if _is_later(self._probe_well_at, since) and self._is_probe_believed:
            return Blame.COMMAND
        if self._is_unsteady_for_others(customer):
            return Blame.PROVIDER
        return Blame.COMMAND if _is_later(self._well_for_others_at(customer), since) else Blame.OPEN

    def _note(self, customer: str, *, well: bool) -> None:
        self._spell.append((customer, well))
        self._recent.append((customer, well))

    @property
    def _is_probe_believed(self) -> bool:
        return all(self._probes) and len(set(_failed(self._recent))) < _MANY_CUSTOMERS

    def _is_unsteady_for_others(self, customer: str) -> bool:
        failed = [other for other in _failed(self._recent) if other != customer]
        return len(failed) >= _UNSTEADY_CALLS and len(set(failed)) >= _UNSTEADY_CUSTOMERS

    def _well_for_others_at(self, customer: str) -> float | None:
        if self._well is not None and self._well[0] != customer:
            return self._well[1]
        return self._well_for_others


def _failed(made: _Made) -> list[str]:
    return [customer for customer, well in made if not well]


def _is_later(at: float | None, since: float) -> bool:
    return at is not None and at > since


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """A failure nobody's success has followed yet; the probe is asked at `ask_at` unless one does by then."""

    since: float
    ask_at: float


class CircuitBreaker:
    """What is known of the provider by the calls with one login, and what follows. For one thread at a time.

    `allow` hears how many commands may run at once, `paused` which cause began (True) or ended to hold, and why.
    """

    def __init__(
        self,
        policy: PausePolicy,
        clock: Clock,
        allow: Callable[[int], None],
        paused: Callable[[PauseCause, bool, str], None],
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._allow = allow
        self._paused = paused
        self._calls = CallWindow()
        self._causes: dict[PauseCause, PauseState] = {}
        self._suspicion: _Suspicion | None = None
        self._limit = policy.threads
        self._spare_the_provider = False
        self._ended_at: float | None = None
        self._widens_at = 0.0

    @property
    def causes(self) -> Mapping[PauseCause, PauseState]:
        """The causes that pause this login now."""
        return dict(self._causes)

    @property
    def well_at(self) -> float | None:
        """When a call or the probe was last answered."""
        return self._calls.well_at

    def blame(self, customer: str, since: float) -> Blame:
        """Return who caused a failure at `since` (epoch seconds), as far as known."""
        return self._calls.blame(customer, since)

    def paused_since(self, since: float) -> bool:
        """Whether a pause held at `since` (epoch seconds) or later."""
        return bool(self._causes) or (self._ended_at is not None and self._ended_at >= since)

    def succeeded(self, customer: str) -> None:
        """Count a call that was answered."""
        self._calls.succeeded(customer, self._clock.now())
        if self._is_returning:
            self._widen()

    def failed(self, customer: str, failure: ProviderError) -> None:
        """A call failed for a reason that may be the provider's."""
        if isinstance(failure, Throttled):
            self.throttled(failure)
            return
        self._calls.failed(customer)
        self._leave_alone(failure)
        if self._is_returning:
            self._permit(1)
        if isinstance(failure, Unauthorized | Blocked):
            self._expect_outage(0.0)
        elif self._calls.too_many_failed:
            self._calls.forget()
            self.hold(PauseCause.OUTAGE, self._policy.probe_seconds, failure.detail)
        else:
            self._expect_outage(min(_SUSPICION_SECONDS, self._policy.probe_seconds))

    def throttled(self, throttle: Throttled) -> None:
        """A call was turned away for now."""
        seconds = throttle.retry_after_seconds or _UNNAMED_THROTTLE_SECONDS
        self.hold(PauseCause.THROTTLED, seconds, throttle.detail)

    def hold(self, cause: PauseCause, seconds: float, detail: str, *, adopted: bool = False) -> None:
        """Pause for this cause, at least so long."""
        now = self._clock.now()
        before = self._causes.get(cause)
        self._spare_the_provider = self._spare_the_provider or self._is_returning or cause not in OUR_OWN
        until = now + seconds
        if before and cause not in ENDED_BY_PROBE:
            # Calls that were under way together are answered one by one: the longest wait asked for is the one.
            until = max(until, before.until)
        self._causes[cause] = PauseState(before.since if before else now, until, detail, seconds, adopted)
        self._permit(0)
        if before is None:
            self._paused(cause, True, detail)  # noqa: FBT003 - the listener's own order

    def release(self, cause: PauseCause) -> None:
        """End this cause now, if it holds."""
        self._end(cause)

    def end_what_is_over(self) -> None:
        """End the pauses whose time is over; allow more jobs at once when no call has failed for a while."""
        now = self._clock.now()
        if self._is_returning and self._widens_at <= now:
            self._widen()
        for cause, state in list(self._causes.items()):
            if cause not in ENDED_BY_PROBE and state.until <= now:
                self._end(cause)

    def seconds_to_end(self) -> float | None:
        """When something ends by time, from now; None while nothing will."""
        due = [state.until for cause, state in self._causes.items() if cause not in ENDED_BY_PROBE]
        due += [self._widens_at] if self._is_returning else []
        return min(due) - self._clock.now() if due else None

    def seconds_to_probe(self) -> float | None:
        """When the probe is to be asked next, from now; None while there is no reason to."""
        due = [self._causes[cause].until for cause in ENDED_BY_PROBE if cause in self._causes]
        if self._suspicion is not None and not self._causes:
            due.append(self._suspicion.ask_at)
        if not due:
            return None
        # A question is a call too: none is made before the time that the provider named.
        throttle = self._causes.get(PauseCause.THROTTLED)
        return max(min(due), throttle.until if throttle else 0.0) - self._clock.now()

    def must_ask(self) -> bool:
        """Whether it is time for the probe; a failure that a success has followed is forgotten here."""
        wait = self.seconds_to_probe()
        if wait is None or wait > 0:
            return False
        suspicion = self._suspicion
        if self._causes or suspicion is None:
            return True
        self._suspicion = None
        well_at = self._calls.well_at
        return well_at is None or well_at < suspicion.since

    def probe_answered(self, failure: ProviderError | None) -> None:
        """The probe was answered well (None), or failed."""
        if failure is not None and not isinstance(failure, Throttled):
            self._leave_alone(failure)
        match failure:
            case None:
                self._calls.probe_succeeded(self._clock.now())
                for cause in ENDED_BY_PROBE:
                    self._end(cause)
            case Unauthorized():
                self.hold(PauseCause.UNAUTHORIZED, self._next_interval(), failure.detail)
                self._end(PauseCause.OUTAGE)
            case Throttled():
                self.throttled(failure)
                self._postpone()
            case _:
                self._calls.probe_failed(self._clock.now())
                self.hold(PauseCause.OUTAGE, self._policy.probe_seconds, failure.detail, adopted=self._adopted_outage)
                self._postpone()

    @property
    def _is_returning(self) -> bool:
        return not self._causes and self._limit < self._policy.threads

    @property
    def _adopted_outage(self) -> bool:
        outage = self._causes.get(PauseCause.OUTAGE)
        return outage is not None and outage.adopted

    def _leave_alone(self, failure: ProviderError) -> None:
        """Pause for as long as a failure that is no throttle asks of all calls: a 503 with a Retry-After.

        What it asks of one request alone is that command's own delay; a firewall says it as well, again at each
        attempt.
        """
        if failure.waits_for_all and failure.retry_after_seconds:
            self.hold(PauseCause.THROTTLED, failure.retry_after_seconds, failure.detail)

    def _expect_outage(self, patience_seconds: float) -> None:
        if self._suspicion is None:
            now = self._clock.now()
            self._suspicion = _Suspicion(now, now + patience_seconds)

    def _widen(self) -> None:
        self._permit(min(self._policy.threads, self._limit * 2))

    def _permit(self, limit: int) -> None:
        self._limit = limit
        # When few commands come there are few successes: a slow one among them must not hold the others up for long.
        self._widens_at = self._clock.now() + self._policy.probe_seconds
        self._allow(limit)

    def _next_interval(self) -> float:
        before = self._causes.get(PauseCause.UNAUTHORIZED)
        shortest = max(self._policy.refused_seconds, self._policy.probe_seconds)
        return max(shortest, min(_LONGEST_PROBE_SECONDS, before.interval_seconds * 2)) if before else shortest

    def _postpone(self) -> None:
        # The probe's answer says nothing about these: ask again after their own interval, not at once.
        now = self._clock.now()
        for cause in ENDED_BY_PROBE:
            state = self._causes.get(cause)
            if state is not None and state.until <= now:
                seconds = max(state.interval_seconds, self._policy.probe_seconds)
                self.hold(cause, seconds, state.detail, adopted=state.adopted)

    def _end(self, cause: PauseCause) -> None:
        if self._causes.pop(cause, None) is None:
            return
        self._ended_at = self._clock.now()
        self._paused(cause, False, "")  # noqa: FBT003 - the listener's own order
        if not self._causes:
            # Only the provider is to be spared: what our own ledger or broker held up goes on at full width.
            self._permit(1 if self._spare_the_provider else self._policy.threads)
            self._spare_the_provider = False
