"""Reads domain values out of rows, and writes them as parameters."""

import json
from collections.abc import Iterable
from typing import Any

from messages.results import Reason
from worker.domain.claims import History
from worker.domain.dead_letters import DeadLetter
from worker.domain.identity import CommandKey
from worker.domain.result_events import StoredEvent

#: A row of `commands` or `refusals`, read by its columns' names, whether SQLAlchemy made it or a prepared `Statement`.
StoredRow = Any


def key_of(row: StoredRow) -> CommandKey:
    """Read the idempotency key of a row of `commands`."""
    return CommandKey(row.source, row.id)


def history_of(row: StoredRow) -> History:
    """Read what earlier attempts left behind."""
    return History(
        attempts=row.tries,
        charged_attempts=row.attempts,
        provisional=row.provisional,
        provisional_at=row.provisional_at,
        seconds_used=row.seconds_used,
        begun=row.begun,
        first_failed_at=row.first_failed_at,
        note=row.note,
    )


def event_of(row: StoredRow) -> StoredEvent:
    """Read the event of a row that has one."""
    return StoredEvent(row.event_id, row.event_type, row.event_body)


def dead_letter_of(row: StoredRow) -> DeadLetter:
    """Read the dead letter of a row that has one."""
    return DeadLetter(row.letter_id, Reason(row.letter_reason), json.loads(row.letter_headers))


def history_values(history: History) -> dict[str, object]:
    """Name the columns of a history that an attempt may change; its note has an operation of its own."""
    return {
        "tries": history.attempts,
        "attempts": history.charged_attempts,
        "provisional": history.provisional,
        "provisional_at": history.provisional_at,
        "seconds_used": history.seconds_used,
        "begun": history.begun,
        "first_failed_at": history.first_failed_at,
    }


def event_values(event: StoredEvent | None) -> dict[str, object]:
    """Name an event's columns; all of them are empty without one."""
    if event is None:
        return {"event_id": None, "event_type": None, "event_body": None}
    return {"event_id": event.id, "event_type": event.type, "event_body": event.body}


def dead_letter_values(dead_letter: DeadLetter | None) -> dict[str, object]:
    """Name a dead letter's columns; all of them are empty without one."""
    if dead_letter is None:
        return {"letter_id": None, "letter_reason": None, "letter_headers": None}
    headers = json.dumps(dict(dead_letter.headers))
    return {"letter_id": dead_letter.id, "letter_reason": dead_letter.reason.value, "letter_headers": headers}


def lane_names(lanes: Iterable[str]) -> list[str]:
    """The lanes as the table has them, each once."""
    return sorted({storable(lane) for lane in lanes})


def storable(text: str) -> str:
    """Make any text fit for a database: PostgreSQL refuses NUL, and neither product takes half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
