"""Whether the morning went as it must: every message answered once, every change made once and in order."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.provider.journal import Entry
from sandbox.provider.operations.registry import Effect
from worker.broker.listening import Heard
from worker.cli.demo.messages import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """One message beside the event that answered it."""

    message: Message
    event: dict[str, Any] | None

    @property
    def outcome(self) -> str:
        """The event's outcome or reason."""
        if self.event is None:
            return "no answer"
        told = self.event["data"]
        return str(told.get("outcome") or told.get("reason"))

    @property
    def is_right(self) -> bool:
        """Whether it is the answer that this message must get."""
        return (
            self.event is not None and self.event["type"] == self.message.event and self.outcome == self.message.outcome
        )


def answers(messages: Sequence[Message], events: Sequence[dict[str, Any]]) -> list[Answer]:
    """Each message with its event. Repeats of one command get the repeats of its event, in the order they came."""
    waiting: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        told = event["data"]
        waiting[told["command_id"], str(told.get("outcome") or told.get("reason"))].append(event)
    found = []
    for message in messages:
        mine = waiting[message.id, message.outcome]
        found.append(Answer(message, mine.pop(0) if mine else None))
    return found


def faults(told: Sequence[Answer], letters: Sequence[Heard], journal: Sequence[Entry]) -> list[str]:
    """Everything that is not as it must be; empty when the morning went well."""
    wrong = [f"{answer.message.id} {answer.message.story}: {answer.outcome}" for answer in told if not answer.is_right]
    return [*wrong, *_repeat_faults(told), *_letter_faults(told, letters), *_change_faults(told, journal)]


def _repeat_faults(told: Sequence[Answer]) -> list[str]:
    bodies: dict[str, str] = {}
    found = []
    for answer in told:
        if answer.event is not None:
            body = json.dumps(answer.event, sort_keys=True)
            if bodies.setdefault(answer.event["id"], body) != body:
                found.append(f"{answer.message.id}: the repeated event is not the same as the first")
    return found


def _letter_faults(told: Sequence[Answer], letters: Sequence[Heard]) -> list[str]:
    named = {answer.event["data"]["dead_letter_id"] for answer in told if answer.event and _failed(answer.event)}
    written = {str(letter.headers.get("provisioning-dead-letter-id")) for letter in letters}
    return [f"the dead letter {letter} was not written" for letter in sorted(named - written)]


def _change_faults(told: Sequence[Answer], journal: Sequence[Entry]) -> list[str]:
    expected = defaultdict(list)
    for answer in told:
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


def _failed(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "CommandFailed")
