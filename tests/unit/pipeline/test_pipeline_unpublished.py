"""What was recorded and cannot be published: how it is counted later, and which commands wait for it."""

import pytest

from messages.results import Outcome
from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import again, create, work_of
from worker.domain.telemetry import CommandSettled, CommandUnpublishable
from worker.domain.work import Kept, Settled, Wait, Work
from worker.pipeline.pipeline import OPERATOR_SECONDS

CREATE = work_of(create())
REPEAT = work_of(create(), tag=7)
BROKEN = work_of(b"no command")


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def outcomes(rig: PipelineRig) -> list[Outcome]:
    return [report.outcome for report in rig.telemetry.of(CommandSettled)]


def test_the_senders_own_repeat_of_what_is_kept_counts_as_a_repeat(rig: PipelineRig) -> None:
    rig.publisher.fail_next()
    assert rig.run(CREATE) == Kept()

    rig.run_to_the_end(REPEAT)
    rig.publish_kept()

    assert outcomes(rig) == [Outcome.DUPLICATE, Outcome.APPLIED]


@pytest.mark.parametrize("work", [CREATE, BROKEN])
def test_what_the_broker_can_never_take_waits_long_and_says_so(rig: PipelineRig, work: Work) -> None:
    rig.publisher.largest_body = 1

    verdict = rig.run(work)

    assert verdict == Wait(rig.clock.now() + OPERATOR_SECONDS)
    (unpublishable,) = rig.telemetry.of(CommandUnpublishable)
    assert unpublishable.work is work
    assert "larger than the broker allows" in unpublishable.detail
    assert rig.settlement.acked == []


def test_others_are_published_meanwhile(rig: PipelineRig) -> None:
    large = work_of(create(city="x" * 100))
    rig.publisher.largest_body = 0
    rig.run(large)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(BROKEN)

    assert rig.settlement.acked == [BROKEN.delivery.receipt]


def test_once_the_broker_takes_it_it_is_published_and_nothing_is_done_twice(rig: PipelineRig) -> None:
    rig.publisher.largest_body = 1
    rig.run(CREATE)
    done = list(rig.notes)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(CREATE)

    assert rig.notes == [*done, "event", "ack"]
    assert outcomes(rig) == [Outcome.APPLIED]


def test_what_an_operator_had_to_mend_counts_as_what_it_did_though_its_connection_was_lost(rig: PipelineRig) -> None:
    rig.publisher.largest_body = 1
    assert isinstance(rig.run(CREATE), Wait)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(again(REPEAT))
    rig.run_to_the_end(again(REPEAT))

    assert outcomes(rig) == [Outcome.APPLIED, Outcome.DUPLICATE]


def test_the_senders_own_repeat_of_what_an_operator_has_to_mend_counts_as_a_repeat(rig: PipelineRig) -> None:
    rig.publisher.largest_body = 1
    assert isinstance(rig.run(CREATE), Wait)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(REPEAT)

    assert outcomes(rig) == [Outcome.DUPLICATE]


def test_what_turns_out_to_be_impossible_while_it_is_kept_waits_for_an_operator_and_intake_goes_on(
    rig: PipelineRig,
) -> None:
    rig.publisher.fail_next()
    assert rig.run(CREATE) == Kept()
    rig.publisher.largest_body = 1

    rig.publish_kept()

    assert rig.intake[-1] == ""
    assert len(rig.telemetry.of(CommandUnpublishable)) == 1
    rig.publisher.largest_body = 10_000
    assert rig.run(CREATE) == Settled()
