"""A command that ends the process while it is alone ends with one event and one dead letter; its customer goes on."""

from dataclasses import replace

import pytest

from messages.errors import Unread
from messages.results import Outcome, Reason
from tests.support.commands import Command, Message, bare, structured
from tests.support.pipeline_rig import Crash, PipelineRig
from tests.support.work_samples import USERNAME, again, create, create_command, delivery, disable, work_of
from worker.domain.claims import MOST_CRASHES
from worker.domain.deliveries import Delivery, Destination, Properties
from worker.domain.identity import CommandKey, dead_letter_id
from worker.domain.telemetry import CommandSettled
from worker.domain.work import Quarantine, Settled, Step, Wait, Work
from worker.pipeline.reading import crash_mark_content, reject_unread


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def crash(rig: PipelineRig, work: Work, *, quarantined: bool = False) -> None:
    """Let the process die while it handles this, and start the next one."""
    rig.crash_at = Step.CLAIMED
    with pytest.raises(Crash):
        rig.run(work, quarantined=quarantined)
    rig.restart()


def until_it_must_be_alone(rig: PipelineRig, work: Work) -> None:
    """Run it through the wait for the provider."""
    verdict = rig.run(work)
    if isinstance(verdict, Wait):
        rig.clock.advance(verdict.until - rig.clock.now())
        verdict = rig.run(work)
    assert isinstance(verdict, Quarantine)


def crash_alone(rig: PipelineRig, work: Work, times: int) -> None:
    """Let so many processes die while they handle this alone, after one that handled others beside it."""
    crash(rig, work)
    for _ in range(times):
        until_it_must_be_alone(rig, work)
        crash(rig, work, quarantined=True)


def crash_loop(rig: PipelineRig, work: Work) -> None:
    crash_alone(rig, work, MOST_CRASHES)
    rig.run_to_the_end(work)


def delivered(message: Message) -> Delivery:
    return replace(delivery(message.body), properties=Properties(**message.properties))


def test_what_a_process_died_with_is_not_handled_beside_others(rig: PipelineRig) -> None:
    work = work_of(create())
    crash(rig, work)

    until_it_must_be_alone(rig, again(work))

    assert rig.provider.calls == []


def test_three_crashes_alone_end_it_without_another_try(rig: PipelineRig) -> None:
    crash_loop(rig, again(work_of(create())))

    assert rig.provider.calls == []
    assert [dead_letter.routing_key for dead_letter in rig.publisher.to(Destination.DEAD_LETTERS)] == ["crash_loop"]
    assert rig.notes[-4:] == ["record", "dead letter", "event", "ack"]
    report = rig.telemetry.of(CommandSettled)[-1]
    assert (report.outcome, report.reason, report.attempts) == (Outcome.FAILED, Reason.CRASH_LOOP, MOST_CRASHES)


def test_its_dead_letter_says_what_happened_and_what_to_do(rig: PipelineRig) -> None:
    crash_loop(rig, again(work_of(create())))

    headers = rig.publisher.to(Destination.DEAD_LETTERS)[0].properties.headers
    assert headers["provisioning-dead-letter-id"] == dead_letter_id(CommandKey("billing", "evt_1"), 0)
    assert "died 3 times" in str(headers["provisioning-detail"])
    assert "look at the customer" in str(headers["provisioning-detail"])


def test_two_crashes_alone_do_not_end_it(rig: PipelineRig) -> None:
    work = again(work_of(create()))
    crash_alone(rig, work, MOST_CRASHES - 1)

    rig.run_to_the_end(work)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert rig.telemetry.of(CommandSettled)[-1].outcome is Outcome.APPLIED


def test_crashes_while_it_waits_for_its_turn_never_end_it(rig: PipelineRig) -> None:
    work = again(work_of(create()))
    crash(rig, work)
    for _ in range(2 * MOST_CRASHES):
        until_it_must_be_alone(rig, work)
        rig.restart()
    rig.run_to_the_end(work)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]


def test_a_retry_after_it_ran_alone_needs_no_privilege(rig: PipelineRig) -> None:
    rig.provider.add(create_command())
    work = again(work_of(disable()))
    crash(rig, work)
    until_it_must_be_alone(rig, work)
    rig.provider.lose_next_answer(applied=False)
    wait = rig.run(work, quarantined=True)
    assert isinstance(wait, Wait)
    assert not wait.quarantined

    rig.clock.advance(wait.until - rig.clock.now())
    assert rig.run(work) == Settled()


def test_a_retry_that_cannot_be_written_down_keeps_its_privilege(rig: PipelineRig) -> None:
    work = again(work_of(create()))
    crash(rig, work)
    until_it_must_be_alone(rig, work)
    rig.ledger.breaks_at_defer = True
    rig.provider.lose_next_answer(applied=False)

    wait = rig.run(work, quarantined=True)

    assert isinstance(wait, Wait)
    assert wait.quarantined


def test_what_is_left_unread_is_named_by_its_properties(rig: PipelineRig) -> None:
    rig.run_to_the_end(reject_unread(delivered(bare(create())), 3))

    event = rig.publisher.to(Destination.EVENTS)[0]
    dead_letter = rig.publisher.to(Destination.DEAD_LETTERS)[0]
    assert event.properties.type == "CommandFailed"
    assert b'"reason":"crash_loop"' in event.body.replace(b" ", b"")
    assert dead_letter.properties.headers["provisioning-command-id"] == "evt_1"
    assert dead_letter.body == bare(create()).body


def test_what_says_only_in_its_body_who_it_is_becomes_a_dead_letter_alone(rig: PipelineRig) -> None:
    work = reject_unread(delivered(structured(create())), 3)
    rig.run_to_the_end(work)

    assert isinstance(work.content, Unread)
    assert rig.publisher.to(Destination.EVENTS) == []
    assert [dead_letter.routing_key for dead_letter in rig.publisher.to(Destination.DEAD_LETTERS)] == ["crash_loop"]


def test_a_message_is_the_same_however_often_it_is_delivered() -> None:
    first = delivered(bare(create()))
    counted = replace(first.properties, headers={**first.properties.headers, "x-delivery-count": 7})

    assert crash_mark_content(first) == crash_mark_content(replace(first, properties=counted, redelivered=True))


@pytest.mark.parametrize("other", [create(id="evt_9"), create(subject="cus_9")])
def test_messages_that_differ_beside_their_bodies_are_different(other: Command) -> None:
    assert bare(other).body == bare(create()).body

    assert crash_mark_content(delivered(bare(other))) != crash_mark_content(delivered(bare(create())))
