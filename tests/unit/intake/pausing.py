"""A pause without its threads: time passes, and it looks, when a test says so."""

from collections import deque
from collections.abc import Callable

from tests.fakes.clock import FakeClock
from worker.domain.telemetry import IntakePaused, IntakeResumed, PausesUnshared, TelemetryEvent
from worker.errors import NotSent, OutcomeUnknown, ProviderError, ProviderLogin
from worker.intake.causes import PauseCause, PausePolicy
from worker.intake.gate import IntakeGate

V2, V3 = ProviderLogin.V2, ProviderLogin.V3
UNKNOWN = OutcomeUnknown("the provider gave no whole answer")
THREADS = 8


class PauseRig:
    """The pause, and everything it asked for: probes, permits, and the events that it emitted."""

    def __init__(self, policy: PausePolicy | None = None, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.permitted: dict[ProviderLogin, list[int]] = {login: [] for login in ProviderLogin}
        self.events: list[tuple[str, str | None, bool, str]] = []
        self.sharing_failures: list[str] = []
        self.resumed: list[IntakeResumed] = []
        self.asked: list[ProviderLogin] = []
        self.answers: dict[ProviderLogin, deque[ProviderError | None]] = {login: deque() for login in ProviderLogin}
        policy = policy or PausePolicy(threads=THREADS)
        self.pause = IntakeGate(
            {login: self._probe(login) for login in ProviderLogin}, policy, self.clock, self._allow, self.emit
        )

    def emit(self, event: TelemetryEvent) -> None:
        """Hear of a pause, or that the ledger is away."""
        match event:
            case IntakePaused(cause, login, detail):
                self.events.append((cause, login, True, detail))
            case IntakeResumed(cause, login):
                self.events.append((cause, login, False, ""))
                self.resumed.append(event)
            case PausesUnshared(detail):
                self.sharing_failures.append(detail)

    def probe_answers(self, *answers: ProviderError | None, login: ProviderLogin = V2) -> None:
        """Say how the next probes end; those after them succeed."""
        self.answers[login].extend(answers)

    def fail(self, calls: int, customers: int, failure: ProviderError = UNKNOWN, login: ProviderLogin = V2) -> None:
        """Have so many calls fail, over so many customers."""
        for number in range(calls):
            self.pause.failed(f"customer:{number % customers}", failure, login)

    def succeed(self, *customers: str, login: ProviderLogin = V2) -> None:
        """Have a call of each answered."""
        for customer in customers:
            self.pause.succeeded(customer, login)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and have a look then."""
        self.clock.advance(seconds)
        self.look()

    def look(self) -> None:
        """Do what the threads do when something is due."""
        self.pause.end_what_is_over()
        for login in ProviderLogin:
            self.pause.ask_if_due(login)

    @property
    def probes(self) -> int:
        """How often the probes were asked."""
        return len(self.asked)

    @property
    def causes(self) -> set[PauseCause]:
        """What holds."""
        return set(self.pause.causes)

    @property
    def permits(self) -> list[int]:
        """What was allowed to commands of v2, one after the other."""
        return self.permitted[V2]

    @property
    def allowed(self) -> int:
        """How many commands of v2 may run at once."""
        return self.allowed_to(V2)

    def allowed_to(self, login: ProviderLogin) -> int:
        """How many commands of this login may run at once."""
        return self.permitted[login][-1] if self.permitted[login] else THREADS

    def _allow(self, login: ProviderLogin, running: int) -> None:
        self.permitted[login].append(running)

    def _probe(self, login: ProviderLogin) -> Callable[[], None]:
        def ask() -> None:
            self.asked.append(login)
            answer = self.answers[login].popleft() if self.answers[login] else None
            if answer is not None:
                raise answer

        return ask


def refused() -> NotSent:
    """A connection that is refused."""
    return NotSent("the provider cannot be reached")
