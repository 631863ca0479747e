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


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (LedgerUnavailable("the disk is full"), PauseCause.LEDGER),
        (PublishFailed("not confirmed in time"), PauseCause.PUBLISH),
    ],
)
def test_a_room_that_fails_pauses_intake(watched: Watched, trouble: Exception, cause: PauseCause) -> None:
    verdict = Guarded(raising(trouble), watched.pause, watched.clock).run(WORK)

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.pause.causes[cause].detail == str(trouble)


def test_a_lost_claim_waits_without_a_pause(watched: Watched) -> None:
    verdict = Guarded(raising(ClaimLost("taken over")), watched.pause, watched.clock).run(WORK)

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.causes == set()


def test_a_fault_nobody_foresaw_is_not_hidden(watched: Watched) -> None:
    with pytest.raises(ZeroDivisionError):
        Guarded(raising(ZeroDivisionError()), watched.pause, watched.clock).run(WORK)
