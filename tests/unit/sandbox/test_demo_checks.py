"""The demonstration may only say that all is right when it is."""

import json
from typing import Any

from sandbox.demo.checks import MessageAnswer, answers, faults
from sandbox.demo.event_listener import ArrivedDeadLetter
from sandbox.demo.messages import Message
from sandbox.demo.scenario import scenario
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from sandbox.provider.operations.replies import AnswerKind


def event(message: Message, **changed: object) -> dict[str, Any]:
    data: dict[str, Any] = {"command_id": message.id, "outcome": message.outcome, **changed}
    if message.event == "CommandFailed":
        data = {
            "command_id": message.id,
            "reason": message.outcome,
            "dead_letter_id": f"letter-{message.id}",
            **changed,
        }
    return {"id": f"event-{message.id}-{message.outcome}", "type": message.event, "data": data}


def right() -> tuple[list[MessageAnswer], list[ArrivedDeadLetter], list[JournalEntry]]:
    messages = [message for step in scenario() for message in step.messages]
    answered = answers(messages, [event(message) for message in messages])
    dead_letters = [
        ArrivedDeadLetter({"provisioning-dead-letter-id": f"letter-{message.id}"})
        for message in messages
        if message.event == "CommandFailed"
    ]
    return answered, dead_letters, [changed(*change) for message in messages for change in message.changes]


def changed(operation: str, username: str) -> JournalEntry:
    return JournalEntry(
        sequence=1,
        arrival=1,
        monotonic_seconds=0,
        epoch_seconds=0,
        verb="POST",
        path="/",
        query_names=(),
        api_user="demo-reseller",
        operation=Operation(operation),
        username=username,
        credential_name="",
        secret_digest=None,
        fault=None,
        answer=AnswerKind.OK,
        status=200,
        effect=Effect.CHANGED,
    )


def test_thirty_messages_that_went_well_have_no_faults() -> None:
    answered, dead_letters, journal = right()

    assert len(answered) == 30
    assert faults(answered, dead_letters, journal) == []


def test_a_message_without_an_answer_is_a_fault() -> None:
    answered, dead_letters, journal = right()
    answered[2] = MessageAnswer(answered[2].message, None)

    assert faults(answered, dead_letters, journal) == ["evt_1003 signs up: no answer"]


def test_another_outcome_than_the_expected_one_is_a_fault() -> None:
    answered, dead_letters, journal = right()
    answered[2] = MessageAnswer(answered[2].message, event(answered[2].message, outcome="already_applied"))

    assert faults(answered, dead_letters, journal) == ["evt_1003 signs up: already_applied"]


def test_a_repeat_that_differs_from_the_first_event_is_a_fault() -> None:
    answered, dead_letters, journal = right()
    repeated = answered[8]
    answered[8] = MessageAnswer(repeated.message, {**json.loads(json.dumps(repeated.event)), "time": "later"})

    assert faults(answered, dead_letters, journal) == ["evt_1001: the repeated event is not the same as the first"]


def test_a_change_made_twice_is_a_fault() -> None:
    answered, dead_letters, journal = right()

    assert len(faults(answered, dead_letters, [*journal, journal[0]])) == 1


def test_a_change_out_of_order_is_a_fault() -> None:
    answered, dead_letters, journal = right()
    kim = [entry for entry in journal if entry.username == "kim@example.com"]
    others = [entry for entry in journal if entry.username != "kim@example.com"]

    assert len(kim) == 2
    assert len(faults(answered, dead_letters, [*others, *reversed(kim)])) == 1


def test_a_dead_letter_that_was_not_written_is_a_fault() -> None:
    answered, dead_letters, journal = right()

    assert faults(answered, dead_letters[1:], journal) == ["the dead letter letter-evt_1008 was not written"]
