"""The way of a delivery with fakes in all rooms: it can crash at any step, and go on as the next process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from tests.fakes.broker import FakePublisher, FakeSettlement
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger, FakeStorage
from tests.fakes.parking import FakeParkingStore
from tests.fakes.provider import FakeHealth, FakeProvider
from tests.fakes.telemetry import RecordingTelemetry
from worker.domain.claims import Token
from worker.domain.deliveries import Delivery, Destination, Outgoing, Receipt
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.retry_policy import RetryPolicy
from worker.domain.work import Kept, Quarantine, Settled, Step, Verdict, Wait, Work
from worker.errors import LedgerUnavailable
from worker.handlers import Handlers
from worker.intake.causes import PauseCause
from worker.pipeline.attempt import AttemptRunner, RetryContext
from worker.pipeline.job import Job
from worker.pipeline.pipeline import Pipeline, Rooms, RunningProgram
from worker.pipeline.reading import read
from worker.pipeline.unpublished import UnpublishedRuns
from worker.provider.calls import login_of

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
        self._notes.append("dead letter" if message.destination is Destination.DEAD_LETTERS else "event")


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
class PipelineRig:
    """Everything outlives a process but the ledger's owner, as in life. `notes` is what happened, in order.

    All stages run on the test's own thread, one after the other. `intake` is why intake was held, and an empty text for
    each time that it went on.
    """

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: FakeClock = field(default_factory=FakeClock)
    provider: FakeProvider = field(default_factory=FakeProvider)
    health: FakeHealth = field(default_factory=FakeHealth)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)
    storage: FakeStorage = field(default_factory=FakeStorage)
    notes: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)
    intake: list[str] = field(default_factory=list)
    crash_at: Step | None = None
    marks: Callable[[bytes], tuple[bytes, ...]] = lambda body: (sha256(body).digest(),)
    publisher: NotingPublisher = field(init=False)
    settlement: NotingSettlement = field(init=False)
    ledger: NotingLedger = field(init=False)
    parking_store: FakeParkingStore = field(init=False)
    attempts: AttemptRunner = field(init=False)
    pipeline: Pipeline = field(init=False)
    unpublished: UnpublishedRuns = field(init=False)
    _due: list[Callable[[], None]] = field(default_factory=list)
    _jobs: dict[Receipt, Job] = field(default_factory=dict)
    _verdict: Verdict | None = None

    def __post_init__(self) -> None:
        self.publisher = NotingPublisher(self.notes)
        self.settlement = NotingSettlement(self.notes)
        self._begin()

    def restart(self) -> None:
        """Let the process be dead, and the next one begin once nobody need fear the dead one's lease."""
        self.ledger.die()
        self.crash_at = None
        self._begin()

    def run(self, work: Work, *, quarantined: bool = False) -> Verdict:
        """Give its job a turn: a new job, or the one of that delivery that has not ended."""
        job = self._jobs.setdefault(work.delivery.receipt, Job(work))
        job.quarantined = quarantined
        return self.turn(job)

    def turn(self, job: Job) -> Verdict:
        """Give a job a turn; returns what became of it."""
        self._verdict = None
        self.pipeline.start(job)
        assert self._verdict is not None, "the turn has not ended"
        return self._verdict

    def publish_kept(self) -> None:
        """Let the broker be tried again, until nothing is due any more."""
        while self._due:
            self._due.pop(0)()

    def run_to_the_end(self, work: Work) -> int:
        """Run it until it is settled, waiting as long as it asks for; returns how often it had a turn."""
        quarantined = False
        for runs in range(1, MOST_WAITS):
            self.ledger.renew()
            verdict = self.run(work, quarantined=quarantined)
            if isinstance(verdict, Kept):
                self.publish_kept()
                verdict = self._verdict or verdict
            if isinstance(verdict, Settled):
                return runs
            quarantined = isinstance(verdict, Quarantine)
            if isinstance(verdict, Wait):
                self.clock.advance(max(0.0, verdict.until - self.clock.now()))
        raise AssertionError(f"not settled after {MOST_WAITS} runs")

    def run_once(self, work: Work) -> Wait:
        """Run it to its next wait."""
        verdict = self.run(work)
        assert isinstance(verdict, Wait), verdict
        return verdict

    def hold(self, _cause: PauseCause, _seconds: float, detail: str) -> None:
        """Intake is held because something is unpublished."""
        self.intake.append(detail)

    def release(self, _cause: PauseCause) -> None:
        """Intake goes on."""
        self.intake.append("")

    def _begin(self) -> None:
        self.ledger = NotingLedger(self.clock, self.storage)
        self.ledger.notes = self.notes
        self.parking_store = FakeParkingStore(self.ledger)
        self._jobs.clear()
        context = RetryContext(self.policy, self.health, lambda: 0.5)
        self.attempts = AttemptRunner(Handlers(self.provider, self.ledger), context, self.telemetry, self.clock)
        rooms = Rooms(
            self.ledger,
            self.parking_store,
            self.attempts,
            self._at_once,
            self.publisher,
            self.settlement,
            self.telemetry,
        )
        program = RunningProgram(self.clock, "1.2.3", self._read, self._fingerprint, self._reached)
        self._due.clear()
        self.unpublished = UnpublishedRuns(self, lambda _seconds, call: self._due.append(call))
        self.pipeline = Pipeline(rooms, program, self.unpublished, self._ended, self._paused)
        self.unpublished.start(self.pipeline.publish)

    def _at_once(self, function: Callable[[], None]) -> None:
        function()

    def _read(self, came: Delivery) -> Work:
        return read(came, self._fingerprint, login_of)

    def _fingerprint(self, _kind: str, _about: str | None, content: bytes) -> tuple[bytes, ...]:
        return self.marks(content)

    def _ended(self, job: Job, verdict: Verdict) -> None:
        self._verdict = verdict
        if isinstance(verdict, Settled) and isinstance(job.work, Work):
            self._jobs.pop(job.work.delivery.receipt, None)

    def _paused(self, _seconds: float, detail: str) -> None:
        self.pauses.append(detail)

    def _reached(self, step: Step) -> None:
        self.steps.append(step)
        if step is self.crash_at:
            raise Crash(step)
