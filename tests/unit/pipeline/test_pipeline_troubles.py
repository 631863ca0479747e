"""Trouble in our own rooms: what is counted, and what is waited for, when a report or a deferral fails."""

import pytest

from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import create, work_of
from worker.domain.retry_policy import RetryPolicy
from worker.domain.telemetry import CommandSettled
from worker.domain.work import Kept, Settled, Wait
from worker.errors import LedgerUnavailable, Rejected
from worker.pipeline.job import Job

CREATE = work_of(create())
REFUSED = Rejected("the provider refused: no such package", ("no such package",))


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


@pytest.mark.parametrize(("failures", "outcome"), [([], "applied"), ([REFUSED], "failed")])
def test_what_could_not_be_published_at_once_counts_once_as_what_it_did(
    rig: PipelineRig, failures: list[Rejected], outcome: str
) -> None:
    for failure in failures:
        rig.provider.fail_next(failure)
    rig.publisher.fail_next()
    assert rig.run(CREATE) == Kept()

    rig.publish_kept()
    rig.run_to_the_end(CREATE)

    assert [report.outcome.value for report in rig.telemetry.of(CommandSettled)] == [outcome, "duplicate"]


def parked(rig: PipelineRig) -> Job:
    [place] = rig.parking_store.park([CREATE])
    return Job(place)


def test_what_could_not_be_cleared_in_the_ledger_after_it_was_published_is_cleared_later_and_no_duplicate(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_positions: list[int]) -> None:
        raise LedgerUnavailable("the database is away")

    job = parked(rig)
    with monkeypatch.context() as broken:
        broken.setattr(rig.parking_store, "clear", away)
        assert rig.turn(job) == Wait(rig.clock.now() + 1.0)
    assert (rig.telemetry.of(CommandSettled), rig.pauses) == ([], ["the database is away"])

    assert rig.turn(job) == Settled(1)

    assert [report.outcome.value for report in rig.telemetry.of(CommandSettled)] == ["applied"]
    assert rig.notes == ["record", "event"]
    assert rig.parking_store.mine() == []


def test_an_ending_that_could_not_be_recorded_is_recorded_later_without_another_call(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LedgerUnavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(rig.ledger, "record", away)
        assert rig.run(CREATE) == Wait(rig.clock.now() + 1.0)
    calls = list(rig.provider.calls)

    assert rig.run(CREATE) == Settled()

    assert rig.provider.calls == calls
    assert [report.outcome.value for report in rig.telemetry.of(CommandSettled)] == ["applied"]


def test_a_wait_that_cannot_be_written_down_is_kept_all_the_same(rig: PipelineRig) -> None:
    rig.provider.lose_next_answer(applied=True)
    rig.ledger.breaks_at_defer = True

    until = rig.run_once(CREATE).until

    assert until == rig.clock.now() + RetryPolicy().settle_seconds
