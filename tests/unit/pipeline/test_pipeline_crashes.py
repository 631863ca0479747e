"""A crash after each step: the next process finds one effect, and publishes again what was published, byte for byte."""

import pytest

from tests.support.pipeline_rig import Crash, PipelineRig
from tests.support.work_samples import USERNAME, again, create, create_command, disable, rotate, work_of
from worker.domain.deliveries import Destination
from worker.domain.identity import CommandKey, dead_letter_id
from worker.domain.telemetry import CommandSettled
from worker.domain.work import Step, Work
from worker.errors import Rejected

DEAD_LETTER_ID = dead_letter_id(CommandKey("billing", "evt_1"), 0)
STEPS = [Step.CLAIMED, Step.HANDLED, Step.RECORDED, Step.DEAD_LETTER_PUBLISHED, Step.EVENT_PUBLISHED, Step.SETTLED]


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def crash(rig: PipelineRig, work: Work, step: Step) -> None:
    """Run it, crash there if it comes by, and let the next process take what the broker brings again."""
    rig.crash_at = step
    try:
        rig.run(work)
    except Crash:
        rig.restart()
        rig.run_to_the_end(again(work))


def published_once(rig: PipelineRig) -> bool:
    """Whether every message that was published more than once is the same each time."""
    by_id = {(message.destination, message.properties.message_id): message for message in rig.publisher.published}
    return all(by_id[it.destination, it.properties.message_id] == it for it in rig.publisher.published)


@pytest.mark.parametrize("step", STEPS)
def test_a_create_has_one_effect(rig: PipelineRig, step: Step) -> None:
    crash(rig, work_of(create()), step)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert {message.properties.type for message in rig.publisher.published} == {"CustomerCreated"}
    assert published_once(rig)
    assert rig.notes[-1] == "ack"


@pytest.mark.parametrize("step", STEPS)
def test_a_create_whose_answer_is_lost_as_well_has_one_effect(rig: PipelineRig, step: Step) -> None:
    rig.provider.lose_next_answer(applied=True)
    work = work_of(create())
    rig.crash_at = step
    try:
        rig.run_to_the_end(work)
    except Crash:
        rig.restart()
        rig.run_to_the_end(again(work))

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert published_once(rig)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("work", [work_of(disable()), work_of(rotate())], ids=["disable", "rotate"])
def test_a_setting_has_one_effect(rig: PipelineRig, work: Work, step: Step) -> None:
    rig.provider.add(create_command())
    rig.provider.customers[USERNAME].credentials["mailer"] = "the old one"

    crash(rig, work, step)

    assert len(rig.provider.changes) == 1
    assert len({message.body for message in rig.publisher.published}) == 1
    assert rig.notes[-1] == "ack"


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_command_has_one_dead_letter_and_one_event(rig: PipelineRig, step: Step) -> None:
    rig.provider.taken_elsewhere.add(USERNAME)

    crash(rig, work_of(create()), step)

    dead_letters = rig.publisher.to(Destination.DEAD_LETTERS)
    assert rig.provider.changes == []
    assert {it.properties.headers["provisioning-dead-letter-id"] for it in dead_letters} == {DEAD_LETTER_ID}
    assert published_once(rig)
    assert rig.notes[-3:] == ["dead letter", "event", "ack"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("work", [work_of(create(zip="")), work_of(b"no JSON")], ids=["invalid", "undecodable"])
def test_a_refused_message_is_reported_the_same(rig: PipelineRig, work: Work, step: Step) -> None:
    rig.clock.advance(60.0)

    crash(rig, work, step)

    assert published_once(rig)
    assert len(rig.storage.refusals) == 1
    assert rig.notes[-1] == "ack"


@pytest.mark.parametrize("step", [Step.CLAIMED, Step.HANDLED, Step.EVENT_PUBLISHED, Step.SETTLED])
def test_two_crashes_in_a_row_change_nothing(rig: PipelineRig, step: Step) -> None:
    work = work_of(create())
    for _ in range(2):
        rig.crash_at = step
        with pytest.raises(Crash):
            rig.run_to_the_end(work)
        rig.restart()
        work = again(work)
    rig.run_to_the_end(work)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert published_once(rig)


def test_what_was_begun_is_left_alone_until_the_provider_has_settled(rig: PipelineRig) -> None:
    work = work_of(create())
    rig.crash_at = Step.CLAIMED
    with pytest.raises(Crash):
        rig.run(work)
    rig.restart()

    assert rig.run_once(again(work)).until == rig.clock.now() + 10.0
    assert rig.provider.calls == []


def test_a_crash_while_it_waits_costs_no_attempt(rig: PipelineRig) -> None:
    work = work_of(create())
    rig.provider.lose_next_answer(applied=False)
    rig.run_once(work)
    rig.restart()

    rig.run_to_the_end(again(work))

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert rig.telemetry.of(CommandSettled)[-1].attempts == 2


def test_a_refusal_survives_a_crash(rig: PipelineRig) -> None:
    rig.provider.fail_next(Rejected("the provider refused: package unknown", ("package unknown",)))

    crash(rig, work_of(create()), Step.RECORDED)

    assert rig.notes == ["record", "dead letter", "event", "ack"]
    assert rig.provider.calls == [f"CreateCustomer {USERNAME}"]
