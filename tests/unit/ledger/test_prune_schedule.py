"""When a running worker prunes, and that nothing of it can end the worker."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event

import pytest

from worker.domain.telemetry import LedgerPruned, LedgerPruneFailed, TelemetryEvent
from worker.errors import LedgerUnavailable
from worker.ledger.pruning.pruner import HourlyPruning, Pruned, PrunedElsewhere, Rest, Schedule

SOON = Schedule(first_seconds=0.0, every_seconds=0.0)
LONG_AGO = Schedule(first_seconds=3600.0)


class Listener:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[object] = SimpleQueue()

    def __call__(self, event: TelemetryEvent) -> None:
        """Keep the numbers, or the words."""
        match event:
            case LedgerPruned(commands, refusals):
                self.reports.put((commands, refusals))
            case LedgerPruneFailed(detail):
                self.reports.put(detail)


class Runs:
    """Plays one run after the other; the last one waits until it is asked to stop."""

    def __init__(self, results: Sequence[Pruned | Exception]) -> None:
        self.over = Event()
        self.begun = 0
        self._results = list(results)

    def __call__(self, rest: Rest) -> Pruned:
        self.begun += 1
        if self._results:
            result = self._results.pop(0)
            if isinstance(result, Exception):
                raise result
            return result
        self.over.set()
        stopped = rest(60)
        return Pruned(7, 7, whole=not stopped)


@contextmanager
def running(prune: Callable[[Rest], Pruned], listener: Listener, schedule: Schedule = SOON) -> Iterator[HourlyPruning]:
    pruning = HourlyPruning(prune, listener, schedule)
    pruning.start()
    try:
        yield pruning
    finally:
        pruning.stop()


def reports_of(*results: Pruned | Exception) -> list[object]:
    """Return what the listener received of these runs; the run that was stopped is left out."""
    listener, runs = Listener(), Runs(results)
    with running(runs, listener):
        assert runs.over.wait(60)
        reports = []
        try:
            while True:
                reports.append(listener.reports.get_nowait())
        except Empty:
            return reports


def test_a_run_that_forgot_something_is_reported() -> None:
    assert reports_of(Pruned(3, 0, whole=True), Pruned(0, 2, whole=True)) == [(3, 0), (0, 2)]


def test_a_run_with_nothing_to_forget_is_not_worth_a_word() -> None:
    assert reports_of(Pruned(0, 0, whole=True)) == []


def test_a_run_that_another_process_makes_is_not_worth_a_word() -> None:
    assert reports_of(PrunedElsewhere("another one")) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [(LedgerUnavailable("it is away"), "it is away"), (RuntimeError("a bug"), "RuntimeError: a bug")],
)
def test_what_goes_wrong_is_reported_and_the_next_run_comes(fault: Exception, words: str) -> None:
    assert reports_of(fault, Pruned(1, 0, whole=True)) == [words, (1, 0)]


def test_stopping_ends_a_run_at_its_next_rest() -> None:
    listener, runs = Listener(), Runs(())
    with running(runs, listener) as pruning:
        assert runs.over.wait(60)
        pruning.stop()
        assert listener.reports.get_nowait() == (7, 7)
        assert runs.begun == 1


def test_nothing_is_pruned_before_the_first_time_has_come() -> None:
    runs = Runs(())
    with running(runs, Listener(), LONG_AGO):
        pass
    assert runs.begun == 0


def test_stopping_twice_or_before_the_start_is_fine() -> None:
    pruning = HourlyPruning(Runs(()), Listener())
    pruning.stop()
    pruning.stop()
