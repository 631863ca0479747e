"""A provider's bad hour, played with the real pause and the real decisions; only the time and the calls are made up."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tests.fakes.clock import FakeClock
from tests.unit.intake.pausing import V2, PauseRig
from worker.domain.claims import History
from worker.domain.retry_policy import Blame, FailureContext, GiveUp, RetryLater, RetryPolicy, decide, exhausted
from worker.errors import NotApplied, NotSent, OutcomeUnknown, ProviderError, ProviderLogin
from worker.intake.causes import PausePolicy

THREADS = 16
_CALL_SECONDS = 0.1
_LOOK_SECONDS = 1.0

#: How a change of this customer ends, so many seconds after the beginning: None for a good answer. Its read-backs are
#: calls of `reads:` and its name, the probe is a call of `probe`.
Outages = Callable[[str, float], ProviderError | None]


@dataclass(slots=True, eq=False)
class Played:
    """One command: how often it was tried, and how it ended."""

    customer: str
    history: History = field(default_factory=History)
    ended: str = ""


class Play:
    """Commands of many customers, and whatever the provider does to them."""

    def __init__(self, outages: Outages, policy: RetryPolicy | None = None) -> None:
        self._outages = outages
        self._policy = policy or RetryPolicy()
        self._chance = random.Random(7)  # noqa: S311 - a play, no secret
        self._clock = FakeClock()
        self._begin = self._clock.now()
        self._watched = _Probed(self, self._clock)
        self._ready: deque[Played] = deque()
        self._running = 0
        self._open = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self.commands: list[Played] = []
        self.calls = 0
        self.most_at_once = 0
        self._look()

    @property
    def pauses(self) -> int:
        """How often intake was paused."""
        return sum(on for _, _, on, _ in self._watched.events)

    @property
    def dead(self) -> list[str]:
        """Whose commands were given up."""
        return [command.customer for command in self.commands if command.ended not in {"", "applied"}]

    @property
    def applied(self) -> int:
        """How many commands were applied."""
        return sum(command.ended == "applied" for command in self.commands)

    def send(self, customer: str, at: float = 0.0) -> Played:
        """Have a command of this customer arrive, so many seconds after the beginning."""
        command = Played(customer)
        self.commands.append(command)
        self._open += 1
        self._at(self._begin + at, lambda: self._ready.append(command))
        return command

    def run(self, seconds: float) -> None:
        """Let so much time pass, or end as soon as every command has."""
        end = self._clock.now() + seconds
        while self._due[0][0] <= end and self._open:
            self._next()

    def call(self, customer: str) -> ProviderError | None:
        """Make one call."""
        self.calls += 1
        return self._outages(customer, self._clock.now() - self._begin)

    def _next(self) -> None:
        due, _, act = heapq.heappop(self._due)
        self._clock.advance(max(0.0, due - self._clock.now()))
        act()
        while self._ready and self._running < min(THREADS, self._watched.allowed):
            self._take_up(self._ready.popleft())

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), act))

    def _look(self) -> None:
        self._watched.look()
        self._at(self._clock.now() + _LOOK_SECONDS, self._look)

    def _take_up(self, command: Played) -> None:
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        # What may have happened is read back before it is written again: two calls that must both be answered.
        failure = self._only_look(command) or (self._read(command) if command.history.begun else None)
        seconds = _CALL_SECONDS * (2 if command.history.begun else 1)
        failure = failure or self.call(command.customer)
        self._at(self._clock.now() + seconds, lambda: self._answered(command, failure, seconds))

    def _end(self, command: Played, how: str) -> None:
        command.ended = how
        self._open -= 1

    def _only_look(self, command: Played) -> ProviderError | None:
        if not exhausted(command.history, self._policy):
            return None
        return self._read(command) or NotApplied("it is not there")

    def _read(self, command: Played) -> ProviderError | None:
        return self.call(f"reads:{command.customer}")

    def _answered(self, command: Played, failure: ProviderError | None, seconds: float) -> None:
        self._running -= 1
        pause = self._watched.pause
        if failure is None:
            pause.succeeded(command.customer, V2)
            self._end(command, "applied")
            return
        if not isinstance(failure, NotApplied):
            pause.failed(command.customer, failure, V2)
        since, now = command.history.provisional_at, self._clock.now()
        around = FailureContext(
            now=now,
            blame=Blame.OPEN if since is None else pause.blame(command.customer, V2, since),
            paused=since is not None and pause.paused_since(V2, since),
            spent_seconds=seconds,
            jitter=self._chance.random(),
            could_write=not exhausted(command.history, self._policy),
        )
        match decide(failure, command.history, around, self._policy):
            case GiveUp(reason, history):
                command.history = history
                self._end(command, reason.value)
            case RetryLater(delay, history, _):
                command.history = history
                self._at(now + delay, lambda: self._ready.append(command))


class _Probed(PauseRig):
    """A pause whose probe is a call of the play."""

    def __init__(self, play: Play, clock: FakeClock) -> None:
        self._play = play
        super().__init__(PausePolicy(threads=THREADS), clock)

    def _probe(self, login: ProviderLogin) -> Callable[[], None]:
        def ask() -> None:
            self.asked.append(login)
            failure = self._play.call("probe")
            if failure is not None:
                raise failure

        return ask


def failing(share: float, seed: int = 1) -> Outages:
    """Each call fails with this chance, whoever makes it; half of them never reach the provider."""
    chance = random.Random(seed)  # noqa: S311 - a play, no secret

    def outages(_customer: str, _now: float) -> ProviderError | None:
        if chance.random() >= share:
            return None
        return OutcomeUnknown("500") if chance.random() < 0.5 else NotSent("refused")

    return outages
