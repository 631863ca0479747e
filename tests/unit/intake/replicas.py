"""Several processes on one ledger, each with its own pause."""

from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger, FakeStorage
from tests.unit.intake.pausing import PauseRig
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.intake.sharing import PauseNotes, Sharing


class Replica(PauseRig):
    """One process: its pause, and what it shares of it."""

    def __init__(self, clock: FakeClock, notes: PauseNotes) -> None:
        super().__init__(clock=clock)
        self.sharing = Sharing(self.pause, notes, self.emit, clock, seconds=LONG)

    def go_on(self, seconds: float) -> None:
        """Let time pass, look, and share."""
        super().go_on(seconds)
        self.sharing.exchange()


class ReplicaGroup:
    """Replicas on one ledger."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.storage = FakeStorage()

    def replica(self) -> Replica:
        """Start one; it has read the ledger."""
        replica = Replica(self.clock, FakeLedger(self.clock, self.storage))
        replica.sharing.exchange()
        return replica

    @property
    def rows(self) -> set[tuple[str, str]]:
        """What the ledger says is paused."""
        return set(self.storage.pauses)
