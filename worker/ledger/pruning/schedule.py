"""Prunes a running worker's ledger by itself: soon after the start, then once an hour."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread

from worker.domain.telemetry import Emit, LedgerPruned, LedgerPruneFailed
from worker.errors import LedgerError
from worker.ledger.pruning.pruner import Pruned, PrunedElsewhere, Rest


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds from the start to the first run, and from the end of each run to the next one.

    The first comes soon, because a worker that is started anew each hour must prune too.
    """

    first_seconds: float = 5.0
    every_seconds: float = 3600.0


class HourlyPruning:
    """One thread. What goes wrong in it is logged and tried again an hour later: a ledger that grows stops nobody."""

    def __init__(self, prune: Callable[[Rest], Pruned], emit: Emit, schedule: Schedule | None = None) -> None:
        self._prune = prune
        self._emit = emit
        self._schedule = schedule or Schedule()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="ledger-prune", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the commit that is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        wait = self._schedule.first_seconds
        while not self._stopping.wait(wait):
            self._once()
            wait = self._schedule.every_seconds

    def _once(self) -> None:
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
