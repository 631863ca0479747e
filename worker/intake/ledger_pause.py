"""Pauses intake while the ledger's database is away: also when nothing is in hand, and without a gap."""

from collections.abc import Callable

from worker.intake.causes import PauseCause

#: Longer than the ledger takes from one look at its database to the next, so that the pause has no gaps.
_AWAY_SECONDS = 5.0


class LedgerPause:
    """Listens to the ledger's outages.

    The ledger reports on its writer's thread and its watchdog's, which have commits to make and to watch: the timer
    begins the pause in their place.
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
