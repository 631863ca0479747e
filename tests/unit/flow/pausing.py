"""A pause without its thread: time passes, and it looks, when a test says so."""

from collections import deque

from tests.fakes.clock import FakeClock
from worker.errors import NotSent, OutcomeUnknown, ProviderError
from worker.flow.pause import Pause, PauseCause, PausePolicy

UNKNOWN = OutcomeUnknown("the provider gave no whole answer")
THREADS = 8


class Watched:
    """The pause, and everything it asked for: probes, permits, and what its listener heard."""

    def __init__(self, policy: PausePolicy | None = None) -> None:
        self.clock = FakeClock()
        self.permits: list[int] = []
        self.heard: list[tuple[str, bool, str]] = []
        self.probes = 0
        self.answers: deque[ProviderError | None] = deque()
        policy = policy or PausePolicy(threads=THREADS)
        self.pause = Pause(self._probe, policy, self.clock, self.permits.append, self)

    def paused(self, cause: str, *, on: bool, detail: str) -> None:
        """Hear of a pause."""
        self.heard.append((cause, on, detail))

    def probe_answers(self, *answers: ProviderError | None) -> None:
        """Say how the next probes end; those after them succeed."""
        self.answers.extend(answers)

    def fail(self, calls: int, customers: int, failure: ProviderError = UNKNOWN) -> None:
        """Have so many calls fail, over so many customers."""
        for number in range(calls):
            self.pause.failed(f"customer:{number % customers}", failure)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and have a look then."""
        self.clock.advance(seconds)
        self.pause.look()

    @property
    def causes(self) -> set[PauseCause]:
        """What holds."""
        return set(self.pause.causes)

    @property
    def allowed(self) -> int:
        """How many commands may run at once."""
        return self.permits[-1] if self.permits else THREADS

    def _probe(self) -> None:
        self.probes += 1
        answer = self.answers.popleft() if self.answers else None
        if answer is not None:
            raise answer


def refused() -> NotSent:
    """A connection that is refused."""
    return NotSent("the provider cannot be reached")
