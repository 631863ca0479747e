"""A parked command is fetched from the ledger, runs like any other, and is cleared there instead of being acked."""

from concurrent.futures import Future

import pytest

from messages.results import Outcome
from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import create, work_of
from worker.domain.deliveries import Receipt
from worker.domain.telemetry import CommandSettled, HandlerCrashed, ParkedCommandUnsealable
from worker.domain.work import Kept, Settled, Wait
from worker.errors import Unsealable
from worker.pipeline.job import Holder, Job

CREATE = work_of(create())


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


@pytest.fixture
def job(rig: PipelineRig) -> Job:
    [place] = rig.parking_store.park([CREATE])
    return Job(place, holder=Holder.LEDGER)


def test_it_is_fetched_and_its_place_is_cleared(rig: PipelineRig, job: Job) -> None:
    assert rig.turn(job) == Settled(1)

    assert rig.notes == ["record", "event"]
    assert (rig.parking_store.mine(), rig.settlement.acked) == ([], [])
    assert rig.telemetry.of(CommandSettled)[0].work.delivery.receipt == Receipt.of_parked(1)


def test_one_that_was_answered_while_it_was_parked_is_only_cleared(rig: PipelineRig, job: Job) -> None:
    job.answered = True

    assert rig.turn(job) == Settled(1)

    assert (rig.notes, rig.parking_store.mine(), rig.telemetry.of(CommandSettled)) == ([], [], [])


def test_one_that_was_cleared_meanwhile_is_settled(rig: PipelineRig, job: Job) -> None:
    rig.parking_store.clear([1])

    assert rig.turn(job) == Settled(1)
    assert rig.notes == []


def test_one_whose_key_is_gone_waits_for_an_operator_and_says_so(
    rig: PipelineRig, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(_position: int) -> None:
        raise Unsealable("put the key back")

    monkeypatch.setattr(rig.parking_store, "fetch", fetch)

    assert rig.turn(job) == Wait(rig.clock.now() + 60.0)
    assert rig.telemetry.of(ParkedCommandUnsealable) == [ParkedCommandUnsealable("put the key back")]
    assert rig.pauses == []


def test_while_the_ledger_is_away_it_is_not_fetched_and_intake_pauses(rig: PipelineRig, job: Job) -> None:
    rig.ledger.broken = True
    assert rig.turn(job) == Wait(rig.clock.now() + 1.0)
    assert len(rig.pauses) == 1
    rig.ledger.broken = False

    assert rig.turn(job) == Settled(1)


def test_one_that_is_parked_while_its_event_is_kept_is_cleared_when_that_is_published(rig: PipelineRig) -> None:
    rig.publisher.fail_next()
    job = Job(CREATE)
    assert rig.turn(job) == Kept()
    [job.work] = rig.parking_store.park([CREATE])

    rig.publish_kept()

    assert (rig.parking_store.mine(), rig.settlement.acked) == ([], [])
    assert [report.outcome for report in rig.telemetry.of(CommandSettled)] == [Outcome.APPLIED]


def test_one_that_was_given_up_to_another_process_while_its_event_is_kept_is_left_to_that(rig: PipelineRig) -> None:
    rig.publisher.fail_next()
    [place] = rig.parking_store.park([CREATE])
    job = Job(place, holder=Holder.LEDGER)
    assert rig.turn(job) == Kept()
    job.holder = Holder.NOBODY

    rig.publish_kept()

    assert len(rig.parking_store.mine()) == 1
    assert [message.properties.type for message in rig.publisher.published] == ["CustomerCreated"]


def test_a_fault_of_the_workers_own_ends_the_process_and_is_reported(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug = ZeroDivisionError()
    broken: Future[object] = Future()
    broken.set_exception(bug)
    monkeypatch.setattr(rig.ledger, "claim_soon", lambda _request: broken)
    assert rig.pipeline.alive

    rig.pipeline.start(Job(CREATE))

    assert not rig.pipeline.alive
    assert rig.telemetry.of(HandlerCrashed) == [HandlerCrashed(CREATE, bug)]
