"""Trouble of our own pauses intake and costs the command nothing but a second."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support.work_samples import create, work_of
from tests.unit.flow.pausing import Watched
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import ClaimLost, LedgerError, LedgerUnavailable, NotTaken, PublishFailed, Unstorable
from worker.flow.guarded import Guarded
from worker.flow.pausing.causes import PauseCause

WORK = work_of(create())


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def said() -> list[str]:
    return []


def raising(trouble: Exception) -> Callable[[Work | Parked], Verdict]:
    def run(_work: Work | Parked) -> Verdict:
        raise trouble

    return run


@pytest.mark.parametrize("verdict", [Settled(), Wait(7.0)])
def test_what_goes_well_passes_through(watched: Watched, said: list[str], verdict: Verdict) -> None:
    assert Guarded(lambda _work: verdict, watched.pause, watched.clock, said.append).run(WORK) is verdict
    assert watched.causes == set()


def test_a_ledger_that_fails_pauses_intake(watched: Watched, said: list[str]) -> None:
    verdict = Guarded(raising(LedgerUnavailable("the disk is full")), watched.pause, watched.clock, said.append).run(
        WORK
    )

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.pause.causes[PauseCause.LEDGER].detail == "the disk is full"


@pytest.mark.parametrize("trouble", [ClaimLost("taken over"), PublishFailed("refused: whoever publishes has paused")])
def test_what_others_take_care_of_waits_without_a_pause(watched: Watched, said: list[str], trouble: Exception) -> None:
    verdict = Guarded(raising(trouble), watched.pause, watched.clock, said.append).run(WORK)

    assert verdict == Wait(watched.clock.now() + 1.0)
    assert watched.causes == set()


def test_a_fault_nobody_foresaw_is_not_hidden(watched: Watched, said: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        Guarded(raising(ZeroDivisionError()), watched.pause, watched.clock, said.append).run(WORK)


@pytest.mark.parametrize("trouble", [NotTaken("a trigger says no"), Unstorable("too long")])
def test_a_command_that_the_ledger_does_not_take_waits_longer_each_time_and_holds_up_nobody_else(
    watched: Watched, said: list[str], trouble: LedgerError
) -> None:
    guarded = Guarded(raising(trouble), watched.pause, watched.clock, said.append)

    verdicts = [guarded.run(replace(WORK, alone=True)) for _ in range(9)]

    assert verdicts == [Wait(watched.clock.now() + min(2.0**tries, 60.0)) for tries in range(9)]
    assert watched.causes == set()
    assert said == [str(trouble)]


def test_each_command_that_the_ledger_does_not_take_is_said_once_until_it_has_ended(
    watched: Watched, said: list[str]
) -> None:
    other = work_of(create(), tag=2)
    not_taken = NotTaken("a trigger says no")
    ends: Iterator[Verdict | NotTaken] = iter([not_taken, Wait(0.0), not_taken, Settled(), not_taken])

    def run(work: Work | Parked) -> Verdict:
        ended = next(ends) if work is WORK else not_taken
        if isinstance(ended, NotTaken):
            raise ended
        return ended

    guarded = Guarded(run, watched.pause, watched.clock, said.append)
    first = guarded.run(WORK)
    guarded.run(other)
    assert len(said) == 2

    assert guarded.run(WORK) == Wait(0.0)
    assert guarded.run(WORK) == Wait(watched.clock.now() + 2.0)
    assert len(said) == 2
    assert guarded.run(WORK) == Settled()
    assert guarded.run(WORK) == first
    assert len(said) == 3
