"""Runs work when the ledger or the broker may fail: intake pauses, the command keeps its place, nothing is lost."""

from collections.abc import Callable

from worker.domain.ports import Clock
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import ClaimLost, LedgerError, NotTaken, PublishFailed, Unstorable
from worker.flow.pausing.causes import PauseCause
from worker.flow.pausing.pause import Pause

_AGAIN_SECONDS = 1.0
#: The longest wait of one command that the ledger does not take; it doubles from the shortest.
_LONGEST_SECONDS = 60.0
_MOST_TROUBLED = 10_000
#: Longer than the ledger takes from one look at its database to the next, so that the pause has no gaps.
_AWAY_SECONDS = 5.0


class Guarded:
    """The way of a delivery, with the failures of our own rooms turned into waits."""

    def __init__(
        self, run: Callable[[Work | Parked], Verdict], pause: Pause, clock: Clock, not_taken: Callable[[str], None]
    ) -> None:
        self._run = run
        self._pause = pause
        self._clock = clock
        self._not_taken = not_taken
        # How often each was not taken, by its receipt or its position; every one is run by one thread at a time.
        self._troubled: dict[object, int] = {}

    def run(self, work: Work | Parked) -> Verdict:
        """Run it; on trouble of our own, run it again a little later (its claim then tells how far it came)."""
        try:
            verdict = self._run(work)
        except ClaimLost:
            # Somebody else has it: the next claim will say until when.
            return self._again()
        except (NotTaken, Unstorable) as trouble:
            return self._later(work, str(trouble))
        except LedgerError as trouble:
            self._pause.hold(PauseCause.LEDGER, _AGAIN_SECONDS, str(trouble))
            return self._again(alone=work.alone)
        except PublishFailed:
            # Whoever publishes has paused intake, and goes on until the broker takes it.
            return self._again()
        if isinstance(verdict, Settled):
            self._troubled.pop(_place(work), None)
        return verdict

    def _later(self, work: Work | Parked, detail: str) -> Wait:
        """Let it wait by itself: never as one before which nothing else may run, since it may wait for ever."""
        if len(self._troubled) >= _MOST_TROUBLED:
            # Leftovers of lost connections; whoever is here again is said once more.
            self._troubled.clear()
        times = self._troubled.get(_place(work), 0)
        self._troubled[_place(work)] = times + 1
        if not times:
            self._not_taken(detail)
        return Wait(self._clock.now() + min(_AGAIN_SECONDS * 2.0 ** min(times, 6), _LONGEST_SECONDS))

    def _again(self, *, alone: bool = False) -> Wait:
        return Wait(self._clock.now() + _AGAIN_SECONDS, alone)


def _place(work: Work | Parked) -> object:
    return work.position if isinstance(work, Parked) else work.delivery.receipt


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
