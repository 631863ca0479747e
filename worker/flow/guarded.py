"""Runs work when the ledger or the broker may fail: intake pauses, the command keeps its place, nothing is lost."""

from collections.abc import Callable

from worker.domain.ports import Clock
from worker.domain.work import Verdict, Wait, Work
from worker.errors import ClaimLost, LedgerError, PublishFailed
from worker.flow.pause import Pause, PauseCause

_AGAIN_SECONDS = 1.0


class Guarded:
    """The way of a delivery, with the failures of our own rooms turned into waits."""

    def __init__(self, run: Callable[[Work], Verdict], pause: Pause, clock: Clock) -> None:
        self._run = run
        self._pause = pause
        self._clock = clock

    def run(self, work: Work) -> Verdict:
        """Run it; on trouble of our own, run it again a little later (its claim then tells how far it came)."""
        try:
            return self._run(work)
        except ClaimLost:
            # Somebody else has it: the next claim will say until when.
            return self._again()
        except LedgerError as trouble:
            self._pause.hold(PauseCause.LEDGER, _AGAIN_SECONDS, str(trouble))
            return self._again()
        except PublishFailed as trouble:
            self._pause.hold(PauseCause.PUBLISH, _AGAIN_SECONDS, str(trouble))
            return self._again()

    def _again(self) -> Wait:
        return Wait(self._clock.now() + _AGAIN_SECONDS)
