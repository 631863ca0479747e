"""Whether the demonstration went as it must: every message answered once, every change made once and in order."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.event_listener import ArrivedDeadLetter
from sandbox.demo.messages import Message
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.registry import Effect


@dataclass(frozen=True, slots=True)
class MessageAnswer:
    """One message beside the event that answered it."""

    message: Message
    event: dict[str, Any] | None

    @property
    def outcome(self) -> str:
        """The event's outcome or reason."""
        if self.event is None:
            return "no answer"
        return _outcome(self.event)

    @property
    def is_right(self) -> bool:
        """Whether it is the answer that this message must get."""
        return (
            self.event is not None and self.event["type"] == self.message.event and self.outcome == self.message.outcome
        )


def answers(messages: Sequence[Message], events: Sequence[dict[str, Any]]) -> list[MessageAnswer]:
    """Each message with its event. Repeats of one command get the repeats of its event, in the order they came."""
    waiting: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        waiting[event["data"]["command_id"], _outcome(event)].append(event)
    found = []
    for message in messages:
        mine = waiting[message.id, message.outcome]
        found.append(MessageAnswer(message, mine.pop(0) if mine else None))
    return found


def faults(
    answered: Sequence[MessageAnswer], dead_letters: Sequence[ArrivedDeadLetter], journal: Sequence[JournalEntry]
) -> list[str]:
    """Everything that is not as it must be; empty when all went well."""
    wrong = [f"{each.message.id} {each.message.description}: {each.outcome}" for each in answered if not each.is_right]
    return [
        *wrong,
        *_repeat_faults(answered),
        *_dead_letter_faults(answered, dead_letters),
        *_change_faults(answered, journal),
    ]


def _repeat_faults(answered: Sequence[MessageAnswer]) -> list[str]:
    bodies: dict[str, str] = {}
    found = []
    for answer in answered:
        if answer.event is not None:
            body = json.dumps(answer.event, sort_keys=True)
            if bodies.setdefault(answer.event["id"], body) != body:
                found.append(f"{answer.message.id}: the repeated event is not the same as the first")
    return found


def _dead_letter_faults(answered: Sequence[MessageAnswer], dead_letters: Sequence[ArrivedDeadLetter]) -> list[str]:
    named = {answer.event["data"]["dead_letter_id"] for answer in answered if answer.event and _failed(answer.event)}
    written = {str(dead_letter.headers.get("provisioning-dead-letter-id")) for dead_letter in dead_letters}
    return [f"the dead letter {dead_letter} was not written" for dead_letter in sorted(named - written)]


def _change_faults(answered: Sequence[MessageAnswer], journal: Sequence[JournalEntry]) -> list[str]:
    expected = defaultdict(list)
    for answer in answered:
        for operation, customer in answer.message.changes:
            expected[customer].append(operation)
    seen = defaultdict(list)
    for entry in journal:
        if entry.effect is Effect.CHANGED:
            seen[entry.username].append(entry.operation.value)
    return [
        f"the provider's journal shows {seen[customer]} for {customer}; it should be {expected[customer]}"
        for customer in sorted({*expected, *seen})
        if expected[customer] != seen[customer]
    ]


def _outcome(event: dict[str, Any]) -> str:
    return str(event["data"].get("outcome") or event["data"].get("reason"))


def _failed(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "CommandFailed")
