"""Trouble of our own pauses intake and costs the command nothing but a second."""

from collections.abc import Callable

import pytest

from tests.support.work_samples import create, work_of
from tests.unit.flow.pausing import Watched
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import ClaimLost, LedgerUnavailable, PublishFailed
from worker.flow.guarded import Guarded
from worker.flow.pausing.causes import PauseCause

WORK = work_of(create())


@pytest.fixture
def watched() -> Watched:
    return Watched()


def raising(trouble: Exception) -> Callable[[Work | Parked], Verdict]:
    def run(_work: Work | Parked) -> Verdict:
        raise trouble

    return run


@pytest.mark.parametrize("verdict", [Settled(), Wait(7.0)])
def test_what_goes_well_passes_through(watched: Watched, verdict: Verdict) -> None:
    assert Guarded(lambda _work: verdict, watched.pause, watched.clock).run(WORK) is verdict
    assert watched.causes == set()


def test_a_ledger_that_fails_pauses_intake(watched: Watched) -> None:
    verdict = Guarded(raising(LedgerUnavailable("the disk is full")), watched.pause, watched.clock).run(WORK)

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.pause.causes[PauseCause.LEDGER].detail == "the disk is full"


@pytest.mark.parametrize("trouble", [ClaimLost("taken over"), PublishFailed("refused: whoever publishes has paused")])
def test_what_others_take_care_of_waits_without_a_pause(watched: Watched, trouble: Exception) -> None:
    verdict = Guarded(raising(trouble), watched.pause, watched.clock).run(WORK)

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.causes == set()


def test_a_fault_nobody_foresaw_is_not_hidden(watched: Watched) -> None:
    with pytest.raises(ZeroDivisionError):
        Guarded(raising(ZeroDivisionError()), watched.pause, watched.clock).run(WORK)
