"""Whether commands may be taken up, and how many at once: one answer for each login of the provider.

A failure is held against the provider first. When half of the last twenty calls over three customers failed, or a
failed call is followed by a failed probe, intake pauses: nothing is taken up, nothing is charged, and the probe alone
asks whether the provider is back. Then the backlog returns gently: one at a time, doubling with each success (and with
each probe's time in which nobody fails), and one again after a failure. Calls are counted by their login, so that a
refused v3 key stops no v2 command.
"""

import threading
from collections.abc import Callable, Mapping
from functools import partial

from worker.domain.ports import Clock
from worker.domain.retry_policy import Blame
from worker.domain.telemetry import Emit, IntakePaused, IntakeResumed
from worker.errors import ProviderError, ProviderLogin
from worker.intake.causes import OUR_OWN, PauseCause, PausePolicy, PauseState
from worker.intake.circuit_breaker import CircuitBreaker

Held = Mapping[tuple[PauseCause, ProviderLogin], PauseState]
#: Sets how many commands that need a login may run at once from now on; 0: none.
Permits = Callable[[ProviderLogin, int], None]
#: A question to the provider, by login; each raises a ProviderError when it is not answered well.
Probes = Mapping[ProviderLogin, Callable[[], None]]
#: Longer than the ledger takes from one look at its database to the next, so that the pause has no gaps.
_LEDGER_AWAY_SECONDS = 5.0


class IntakeGate:
    """Pauses and releases the intake by what all calls met. One thread keeps time; each login's probe has a thread."""

    def __init__(self, probes: Probes, policy: PausePolicy, clock: Clock, permits: Permits, emit: Emit) -> None:
        self._probes = probes
        self._emit = emit
        self._changed = threading.Condition(threading.RLock())
        #: Set whenever a pause began, changed or ended; whoever waits for it clears it.
        self.news = threading.Event()
        self._stopping = False
        self._breakers = {
            login: CircuitBreaker(policy, clock, partial(permits, login), partial(self._report, login))
            for login in ProviderLogin
        }
        self._threads = [threading.Thread(target=self._keep_watch, name="pause", daemon=True)]
        self._threads += [
            threading.Thread(target=self._keep_asking, args=(login,), name=f"probe-{login}", daemon=True)
            for login in ProviderLogin
        ]

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def held(self) -> Held:
        """What holds now, for which login; what is our own trouble holds for all of them."""
        with self._changed:
            return {
                (cause, login): state
                for login, breaker in self._breakers.items()
                for cause, state in breaker.causes.items()
            }

    @property
    def causes(self) -> Mapping[PauseCause, PauseState]:
        """What holds now; the words name the login when it concerns only one."""
        return _together(self.held)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; waits for a probe that is under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def succeeded(self, customer: str, login: ProviderLogin) -> None:
        """Count a call that was answered: evidence that the provider serves this login."""
        with self._changed:
            self._breakers[login].succeeded(customer)

    def failed(self, customer: str, failure: ProviderError, login: ProviderLogin) -> None:
        """A call with this login failed for a reason that may be the provider's."""
        with self._changed:
            self._breakers[login].failed(customer, failure)
            self._changed.notify_all()

    def blame(self, customer: str, login: ProviderLogin, since: float) -> Blame:
        """Return who caused the failure that this customer's command met at `since` (epoch seconds)."""
        with self._changed:
            return self._breakers[login].blame(customer, since)

    def paused_since(self, login: ProviderLogin, since: float) -> bool:
        """Whether commands of this login were paused at `since` (epoch seconds) or later."""
        with self._changed:
            return self._breakers[login].paused_since(since)

    def exhausted(self, seconds: float) -> None:
        """The provider said beside an answer that it takes no further call for so long: take up nothing until then."""
        self._hold_all(PauseCause.THROTTLED, seconds, "the provider's limit on calls is used up until its reset")

    def hold(self, cause: PauseCause, seconds: float, detail: str) -> None:
        """A trouble of our own: take up nothing for so long."""
        self._hold_all(cause, seconds, detail)

    def release(self, cause: PauseCause) -> None:
        """The trouble of our own is over before its time; nothing happens when it does not hold."""
        with self._changed:
            for breaker in self._breakers.values():
                breaker.release(cause)
            self._changed.notify_all()

    def adopt(self, cause: PauseCause, login: ProviderLogin, note: PauseState) -> bool:
        """Pause for what another process found out, and ask the probe at once. False when it is known to be over.

        It is over when its time has passed, or when a call or the probe was answered here after it began.
        """
        with self._changed:
            breaker = self._breakers[login]
            if cause in breaker.causes:
                return True
            if breaker.well_at is not None and breaker.well_at >= note.since:
                return False
            seconds = note.interval_seconds
            if cause is PauseCause.THROTTLED and seconds <= 0:
                return False
            breaker.hold(cause, seconds if cause is PauseCause.THROTTLED else 0.0, note.detail, adopted=True)
            self._changed.notify_all()
            return True

    def end_what_is_over(self) -> None:
        """End what ends by time; a thread calls it whenever something is due."""
        with self._changed:
            for breaker in self._breakers.values():
                breaker.end_what_is_over()

    def ask_if_due(self, login: ProviderLogin) -> None:
        """Ask this login's probe if it is time; a thread calls it whenever something is due."""
        with self._changed:
            due = self._breakers[login].must_ask()
        if due:
            failure = self._ask(login)
            with self._changed:
                self._breakers[login].probe_answered(failure)
                self.news.set()
                self._changed.notify_all()

    def _ask(self, login: ProviderLogin) -> ProviderError | None:
        # Nothing is locked meanwhile: a probe that hangs until its deadline holds nobody up.
        try:
            self._probes[login]()
        except ProviderError as failure:
            return failure
        return None

    def _hold_all(self, cause: PauseCause, seconds: float, detail: str) -> None:
        with self._changed:
            for breaker in self._breakers.values():
                breaker.hold(cause, seconds, detail)
            self._changed.notify_all()

    def _report(self, login: ProviderLogin, cause: PauseCause, on: bool, detail: str) -> None:  # noqa: FBT001 - inner
        self.news.set()
        if cause not in OUR_OWN:
            held = any(cause in breaker.causes for breaker in self._breakers.values())
            self._emit(_reported(cause, login.value, held, detail if on else None))
        elif login is next(iter(ProviderLogin)):
            # It begins and ends for all of them together: reported once.
            self._emit(_reported(cause, None, on, detail if on else None))

    def _keep_watch(self) -> None:
        while self._is_due(self._seconds_to_end):
            self.end_what_is_over()

    def _keep_asking(self, login: ProviderLogin) -> None:
        while self._is_due(self._breakers[login].seconds_to_probe):
            self.ask_if_due(login)

    def _seconds_to_end(self) -> float | None:
        waits = [breaker.seconds_to_end() for breaker in self._breakers.values()]
        return min((wait for wait in waits if wait is not None), default=None)

    def _is_due(self, seconds_to_next: Callable[[], float | None]) -> bool:
        with self._changed:
            while not self._stopping and ((wait := seconds_to_next()) is None or wait > 0):
                self._changed.wait(wait)
            return not self._stopping


def pause_for_ledger(
    hold: Callable[[PauseCause, float, str], None], after: Callable[[float, Callable[[], None]], None], detail: str
) -> None:
    """Pause intake because the ledger's database cannot be read or written, also when nothing is in hand.

    The ledger reports it on its writer's thread and its watchdog's, which have commits to make and to watch: the timer
    begins the pause in their place.
    """
    after(0, lambda: hold(PauseCause.LEDGER, _LEDGER_AWAY_SECONDS, detail))


def _reported(cause: PauseCause, login: str | None, held: bool, detail: str | None) -> IntakePaused | IntakeResumed:  # noqa: FBT001 - inner
    return IntakeResumed(cause, login, held) if detail is None else IntakePaused(cause, login, detail)


def _together(held: Held) -> Mapping[PauseCause, PauseState]:
    return {cause: _of_all([(login, held[of, login]) for of, login in held if of is cause]) for cause, _ in held}


def _of_all(states: list[tuple[ProviderLogin, PauseState]]) -> PauseState:
    first = states[0][1]
    details = {state.detail for _, state in states}
    if len(states) == len(ProviderLogin) and len(details) == 1:
        return first
    words = "; ".join(f"{login} commands wait: {state.detail}" for login, state in states)
    since, until = min(state.since for _, state in states), max(state.until for _, state in states)
    return PauseState(since, until, words, first.interval_seconds, first.adopted)
