"""Runs work when the ledger or the broker may fail: intake pauses, the command keeps its place, nothing is lost."""

from collections.abc import Callable

from worker.domain.ports import Clock
from worker.domain.work import Parked, Verdict, Wait, Work
from worker.errors import ClaimLost, LedgerError, PublishFailed
from worker.flow.pausing.causes import PauseCause
from worker.flow.pausing.pause import Pause

_AGAIN_SECONDS = 1.0
#: Longer than the ledger takes from one look at its database to the next, so that the pause has no gaps.
_AWAY_SECONDS = 5.0


class Guarded:
    """The way of a delivery, with the failures of our own rooms turned into waits."""

    def __init__(self, run: Callable[[Work | Parked], Verdict], pause: Pause, clock: Clock) -> None:
        self._run = run
        self._pause = pause
        self._clock = clock

    def run(self, work: Work | Parked) -> Verdict:
        """Run it; on trouble of our own, run it again a little later (its claim then tells how far it came)."""
        try:
            return self._run(work)
        except ClaimLost:
            # Somebody else has it: the next claim will say until when.
            return self._again()
        except LedgerError as trouble:
            self._pause.hold(PauseCause.LEDGER, _AGAIN_SECONDS, str(trouble))
            return self._again(alone=work.alone)
        except PublishFailed:
            # Whoever publishes has paused intake, and goes on until the broker takes it.
            return self._again()

    def _again(self, *, alone: bool = False) -> Wait:
        return Wait(self._clock.now() + _AGAIN_SECONDS, alone)


class LedgerPause:
    """Pauses intake while the ledger's database is away: also when nothing is in hand, and without a gap.

    The ledger tells on its writer's thread, which must not wait for a lock of ours: the clockwork does it in its place.
    """

    def __init__(
        self,
        hold: Callable[[PauseCause, float, str], None],
        after: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._hold = hold
        self._after = after

    def ledger_away(self, detail: str) -> None:
        """The database cannot be read or written."""
        self._after(0, lambda: self._hold(PauseCause.LEDGER, _AWAY_SECONDS, detail))
