"""Remembers what is paused and why, so that whoever takes over knows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from worker.ledger.operations.rows import storable
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import pauses


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of one login (`scope`), a row of the ledger; `until` is epoch seconds, None while unknown."""

    cause: str
    scope: str
    since: float
    until: float | None
    detail: str


_IS_PAUSE = (pauses.c.cause == bindparam("of_cause")) & (pauses.c.scope == bindparam("of_scope"))
_CHANGE = update(pauses).where(_IS_PAUSE).values(until=bindparam("until"), detail=bindparam("detail"))
_BEGIN = insert(pauses)
_END = delete(pauses).where(_IS_PAUSE)
_ALL = select(pauses).order_by(pauses.c.since, pauses.c.cause, pauses.c.scope)


def save_pauses(unit: Unit, asked: Sequence[Pause]) -> list[None]:
    """Begin each pause, or change its end and its detail; when it began stays."""
    for pause in asked:
        detail = storable(pause.detail)
        named = {"of_cause": pause.cause, "of_scope": pause.scope}
        changed = unit.connection.execute(_CHANGE, {**named, "until": pause.until, "detail": detail})
        if changed.rowcount == 0:
            values = {"cause": pause.cause, "scope": pause.scope, "since": pause.since, "until": pause.until}
            unit.connection.execute(_BEGIN, {**values, "detail": detail})
    return [None] * len(asked)


def clear_pauses(unit: Unit, asked: Sequence[tuple[str, str]]) -> list[None]:
    """End the pauses of these causes and scopes; one that is not there is no error."""
    for cause, scope in asked:
        unit.connection.execute(_END, {"of_cause": cause, "of_scope": scope})
    return [None] * len(asked)


def list_pauses(unit: Unit, asked: Sequence[None]) -> list[list[Pause]]:
    """Answer each request with every pause, the oldest first."""
    return [read_pauses(unit.connection) for _ in asked]


def read_pauses(connection: Connection) -> list[Pause]:
    """Read all of them, the oldest first."""
    rows = connection.execute(_ALL)
    return [Pause(row.cause, row.scope, row.since, row.until, row.detail) for row in rows]
