"""Prunes a running worker's ledger by itself: soon after the start, then once an hour."""

from collections.abc import Callable
from dataclasses import dataclass

from worker.domain.telemetry import Emit, LedgerPruned, LedgerPruneFailed
from worker.errors import LedgerError
from worker.ledger.pruning.pruner import Pruned, PrunedElsewhere, Rest
from worker.lifecycle import RepeatingPart


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds from the start to the first run, and from the end of each run to the next one.

    The first comes soon, because a worker that is started anew each hour must prune too.
    """

    first_seconds: float = 5.0
    every_seconds: float = 3600.0


class HourlyPruning(RepeatingPart):
    """Prunes once an hour. A failed run is logged and repeated an hour later: a ledger that grows stops no command."""

    def __init__(self, prune: Callable[[Rest], Pruned], emit: Emit, schedule: Schedule | None = None) -> None:
        schedule = schedule or Schedule()
        super().__init__("ledger-prune", schedule.every_seconds, schedule.first_seconds)
        self._prune = prune
        self._emit = emit

    def look(self) -> None:
        """Prune once; a stop ends it after the commit that is under way."""
        try:
            pruned = self._prune(self._stopping.wait)
        except PrunedElsewhere:
            # Another replica does the same work at this moment.
            return
        except LedgerError as exc:
            self._emit(LedgerPruneFailed(str(exc)))
        except Exception as exc:  # noqa: BLE001 - no fault of pruning may end the worker
            self._emit(LedgerPruneFailed(f"{type(exc).__name__}: {exc}"))
        else:
            if pruned.commands or pruned.refusals:
                self._emit(LedgerPruned(pruned.commands, pruned.refusals))
