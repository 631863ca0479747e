"""Whether commands may be taken up, and how many at once.

A failure is held against the provider first. When half of the last twenty calls over three customers failed, or a
failed call is followed by a failed probe, intake pauses: nothing is taken up, nothing is charged, and the probe alone
asks whether the provider is back. Then the backlog returns gently: one at a time, doubling with each success.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from worker.domain.ports import Clock
from worker.errors import ProviderError, ProviderLogin, Throttled, Unauthorized
from worker.flow.calls import Calls

_LONGEST_PROBE_SECONDS = 600.0
#: How long a single failure waits for somebody else's success before the probe is asked.
_SUSPICION_SECONDS = 1.0


class PauseCause(StrEnum):
    """Why nothing is taken up."""

    OUTAGE = "outage"
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    PUBLISH = "publish"
    LEDGER = "ledger"


_OUR_OWN = (PauseCause.PUBLISH, PauseCause.LEDGER)
_ENDED_BY_PROBE = (PauseCause.OUTAGE, PauseCause.UNAUTHORIZED)


@dataclass(frozen=True, slots=True)
class PauseState:
    """One cause that holds: since when and until when at least (epoch seconds), and the words for it."""

    since: float
    until: float
    detail: str
    interval_seconds: float


@dataclass(frozen=True, slots=True)
class PausePolicy:
    """`probe_seconds` between probes (a refused login: at least `refused_seconds`, doubling); `threads` is no limit."""

    probe_seconds: float = 10.0
    refused_seconds: float = 60.0
    threads: int = 64


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """A failure nobody's success has followed yet; the probe is asked at `ask_at` unless one does by then."""

    since: float
    ask_at: float


class PauseListener(Protocol):
    """Who must know: the gauges and the log."""

    def paused(self, cause: str, *, on: bool, detail: str) -> None:
        """This cause began or ceased to hold."""


class Pause:
    """Watches all calls together; one thread asks the probe. `allow` is told how many commands may run at once."""

    def __init__(
        self,
        probe: Callable[[], None],
        policy: PausePolicy,
        clock: Clock,
        allow: Callable[[int], None],
        listener: PauseListener,
    ) -> None:
        self._probe = probe
        self._policy = policy
        self._clock = clock
        self._allow = allow
        self._listener = listener
        self._causes: dict[PauseCause, PauseState] = {}
        self._calls = Calls()
        self._suspicion: _Suspicion | None = None
        self._limit = policy.threads
        self._spare_the_provider = False
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="probe", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the probe's thread still turns."""
        return self._thread.is_alive()

    @property
    def causes(self) -> Mapping[PauseCause, PauseState]:
        """What holds now."""
        with self._changed:
            return dict(self._causes)

    def start(self) -> None:
        """Start the probe's thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits for a probe that is under way. Safe to call twice, and before start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def succeeded(self, customer: str) -> None:
        """A call was answered: proof that the provider is well, for everybody else."""
        with self._changed:
            self._calls.succeeded(customer, self._clock.now())
            if self._limit < self._policy.threads and not self._causes:
                self._permit(min(self._policy.threads, self._limit * 2))

    def failed(self, customer: str, failure: ProviderError) -> None:
        """A call failed for a reason that may be the provider's."""
        with self._changed:
            if isinstance(failure, Throttled):
                self.hold(PauseCause.THROTTLED, failure.retry_after_seconds or 1.0, failure.detail)
                return
            if isinstance(failure, Unauthorized) and failure.login is ProviderLogin.V3:
                # The probe asks with the v2 login: it can neither confirm this nor end it, and v2 commands go on.
                return
            self._calls.failed(customer)
            if isinstance(failure, Unauthorized):
                self._suspect(0.0)
            elif self._calls.too_many_failed:
                self._calls.forget()
                self.hold(PauseCause.OUTAGE, self._policy.probe_seconds, failure.detail)
            else:
                self._suspect(min(_SUSPICION_SECONDS, self._policy.probe_seconds))

    def exhausted(self, seconds: float) -> None:
        """The provider told beside an answer that it takes no further call for so long: take up nothing until then."""
        self.hold(PauseCause.THROTTLED, seconds, "the provider's limit on calls is used up until its reset")

    def proven_well_at(self, customer: str) -> float | None:
        """When another customer's call, or the probe, last succeeded (epoch seconds)."""
        with self._changed:
            return self._calls.well_for_others_at(customer)

    def hold(self, cause: PauseCause, seconds: float, detail: str) -> None:
        """Pause for this cause, at least so long; an outage and a refused login end only by a probe."""
        with self._changed:
            now = self._clock.now()
            before = self._causes.get(cause)
            since = before.since if before else now
            was_returning = not self._causes and self._limit < self._policy.threads
            self._spare_the_provider = self._spare_the_provider or was_returning or cause not in _OUR_OWN
            until = now + seconds
            if before and cause not in _ENDED_BY_PROBE:
                # Calls that were under way together are answered one by one: the longest wait asked for is the one.
                until = max(until, before.until)
            self._causes[cause] = PauseState(since, until, detail, seconds)
            self._permit(0)
            if before is None:
                self._listener.paused(cause.value, on=True, detail=detail)
            self._changed.notify_all()

    def look(self) -> None:
        """End what is over by now, and ask the probe if it is time; the thread calls it whenever something is due."""
        with self._changed:
            self._end_what_ends_by_time()
            ask = self._must_ask()
        if ask:
            self._ask()

    def _suspect(self, patience_seconds: float) -> None:
        if self._suspicion is None:
            now = self._clock.now()
            self._suspicion = _Suspicion(now, now + patience_seconds)
            self._changed.notify_all()

    def _permit(self, limit: int) -> None:
        self._limit = limit
        self._allow(limit)

    def _watch(self) -> None:
        while self._something_is_due():
            self.look()

    def _something_is_due(self) -> bool:
        with self._changed:
            while not self._stopping and ((wait := self._seconds_to_next()) is None or wait > 0):
                self._changed.wait(wait)
            return not self._stopping

    def _seconds_to_next(self) -> float | None:
        due = [state.until for state in self._causes.values()]
        if self._suspicion is not None and not self._causes:
            due.append(self._suspicion.ask_at)
        return min(due) - self._clock.now() if due else None

    def _end_what_ends_by_time(self) -> None:
        now = self._clock.now()
        for cause, state in list(self._causes.items()):
            if cause not in _ENDED_BY_PROBE and state.until <= now:
                self._end(cause)

    def _must_ask(self) -> bool:
        now = self._clock.now()
        if any(cause in self._causes and self._causes[cause].until <= now for cause in _ENDED_BY_PROBE):
            return True
        suspicion = self._suspicion
        if suspicion is None or self._causes or suspicion.ask_at > now:
            return False
        self._suspicion = None
        well_at = self._calls.well_at
        return well_at is None or well_at < suspicion.since

    def _ask(self) -> None:
        try:
            self._probe()
        except Unauthorized as refusal:
            self.hold(PauseCause.UNAUTHORIZED, self._next_interval(PauseCause.UNAUTHORIZED), refusal.detail)
            self._end(PauseCause.OUTAGE)
        except Throttled as throttle:
            self.hold(PauseCause.THROTTLED, throttle.retry_after_seconds or 1.0, throttle.detail)
            self._postpone()
        except ProviderError as failure:
            self.hold(PauseCause.OUTAGE, self._policy.probe_seconds, failure.detail)
            self._postpone()
        else:
            self._provider_is_well()

    def _next_interval(self, cause: PauseCause) -> float:
        before = self._causes.get(cause)
        shortest = max(self._policy.refused_seconds, self._policy.probe_seconds)
        return min(_LONGEST_PROBE_SECONDS, before.interval_seconds * 2) if before else shortest

    def _postpone(self) -> None:
        # The probe's answer says nothing about these: ask again after their own interval, not at once.
        with self._changed:
            now = self._clock.now()
            for cause in _ENDED_BY_PROBE:
                state = self._causes.get(cause)
                if state is not None and state.until <= now:
                    self.hold(cause, state.interval_seconds, state.detail)

    def _provider_is_well(self) -> None:
        with self._changed:
            self._calls.probe_succeeded(self._clock.now())
            for cause in _ENDED_BY_PROBE:
                self._end(cause)

    def _end(self, cause: PauseCause) -> None:
        with self._changed:
            if self._causes.pop(cause, None) is None:
                return
            self._listener.paused(cause.value, on=False, detail="")
            if not self._causes:
                # Only the provider is to be spared: what our own ledger or broker held up goes on at full width.
                self._permit(1 if self._spare_the_provider else self._policy.threads)
                self._spare_the_provider = False
