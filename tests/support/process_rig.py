"""The way of a delivery with fakes in all rooms: it can crash at any step, and go on as the next process."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from tests.fakes.broker import FakePublisher, FakeSettlement
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger, FakeStorage
from tests.fakes.provider import FakeHealth, FakeProvider
from tests.fakes.telemetry import FakeTelemetry
from worker.domain.claims import Deferral, Ending, Refusal, Token
from worker.domain.deliveries import Destination, Outgoing, Receipt
from worker.domain.recoverability import RetryPolicy
from worker.domain.work import Alone, Settled, Step, Wait, Work
from worker.errors import LedgerUnavailable
from worker.handlers import Handlers
from worker.handlers.trying import Judgement, Trying
from worker.process import Process, Rooms

MOST_WAITS = 20


class Crash(BaseException):
    """The process is gone: nothing may catch this."""


class NotingLedger(FakeLedger):
    """Notes what it wrote down."""

    notes: list[str]
    breaks_at_defer = False

    def record(self, token: Token, ending: Ending) -> None:
        """Note it."""
        super().record(token, ending)
        self.notes.append("record")

    def defer(self, token: Token, deferral: Deferral) -> None:
        """Note it."""
        if self.breaks_at_defer:
            raise LedgerUnavailable("told to be broken")
        super().defer(token, deferral)
        self.notes.append("defer")

    def refuse(self, refusal: Refusal) -> Refusal:
        """Note it."""
        kept = super().refuse(refusal)
        self.notes.append("refuse")
        return kept


class NotingPublisher(FakePublisher):
    """Notes what it confirmed."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self._notes = notes

    def publish(self, message: Outgoing) -> None:
        """Note it."""
        super().publish(message)
        self._notes.append("letter" if message.destination is Destination.DEAD_LETTERS else "event")


class NotingSettlement(FakeSettlement):
    """Notes what it acked."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self._notes = notes

    def ack(self, receipt: Receipt) -> None:
        """Note it."""
        super().ack(receipt)
        self._notes.append("ack")


@dataclass(slots=True)
class ProcessRig:
    """Everything outlives a process but the ledger's owner, as in life. `notes` is what happened, in order."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: FakeClock = field(default_factory=FakeClock)
    provider: FakeProvider = field(default_factory=FakeProvider)
    health: FakeHealth = field(default_factory=FakeHealth)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    storage: FakeStorage = field(default_factory=FakeStorage)
    notes: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    crash_at: Step | None = None
    marks: Callable[[bytes], tuple[bytes, ...]] = lambda told: (sha256(told).digest(),)
    publisher: NotingPublisher = field(init=False)
    settlement: NotingSettlement = field(init=False)
    ledger: NotingLedger = field(init=False)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = NotingPublisher(self.notes)
        self.settlement = NotingSettlement(self.notes)
        self._begin()

    def restart(self) -> None:
        """Let the process be dead, and the next one begin once nobody need fear the dead one's lease."""
        self.ledger.die()
        self.crash_at = None
        self._begin()

    def run_to_the_end(self, work: Work) -> int:
        """Run it until it is settled, waiting as long as it asks for; returns how often it was run."""
        for runs in range(1, MOST_WAITS):
            self.ledger.renew()
            verdict = self.process.run(work)
            if isinstance(verdict, Settled):
                return runs
            work = replace(work, alone=isinstance(verdict, Alone))
            if isinstance(verdict, Alone):
                continue
            self.clock.advance(max(0.0, verdict.until - self.clock.now()))
        raise AssertionError(f"not settled after {MOST_WAITS} runs")

    def run_once(self, work: Work) -> Wait:
        """Run it to its next wait."""
        verdict = self.process.run(work)
        assert isinstance(verdict, Wait), verdict
        return verdict

    def _begin(self) -> None:
        self.ledger = NotingLedger(self.clock, self.storage)
        self.ledger.notes = self.notes
        judgement = Judgement(self.policy, self.health, lambda: 0.5)
        trying = Trying(Handlers(self.provider, self.ledger), judgement, self.telemetry, self.clock)
        rooms = Rooms(self.ledger, trying, self.publisher, self.settlement, self.telemetry)
        self.process = Process(rooms, self.clock, "1.2.3", self._reached, self._marks)

    def _marks(self, told: bytes) -> tuple[bytes, ...]:
        return self.marks(told)

    def _reached(self, step: Step) -> None:
        self.steps.append(step)
        if step is self.crash_at:
            raise Crash(step)
