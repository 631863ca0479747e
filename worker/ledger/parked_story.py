"""Reads what is parked under a command's id, and what it waits behind."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from worker.domain.identity import CommandKey
from worker.ledger.operations.rows import StoredRow
from worker.ledger.schema import parked, parked_lanes


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A message with this command's id that waits in the ledger; `since` is epoch seconds.

    `ahead`: how many that are parked come before it, because they share a lane with it. `first`: the one of them that
    comes first of all, None where that could not be named.
    """

    key: CommandKey
    position: int
    since: float
    ahead: int
    first: CommandKey | None


_PARKED = select(parked).where(parked.c.command_id == bindparam("id")).order_by(parked.c.position)
_OWN_LANES = select(parked_lanes.c.lane).where(parked_lanes.c.position == bindparam("own"))
_AHEAD = select(func.count(parked_lanes.c.position.distinct()), func.min(parked_lanes.c.position)).where(
    parked_lanes.c.lane.in_(_OWN_LANES), parked_lanes.c.position < bindparam("own")
)
_NAMED = select(parked.c.command_source, parked.c.command_id).where(parked.c.position == bindparam("position"))


def read_parked(connection: Connection, command_id: str) -> tuple[ParkedRecord, ...]:
    """Read all that is parked under that id, in the order of the positions."""
    rows: Iterable[StoredRow] = connection.execute(_PARKED, {"id": command_id}).all()
    return tuple(_parked_record(connection, row) for row in rows)


def _parked_record(connection: Connection, row: StoredRow) -> ParkedRecord:
    ahead, first = connection.execute(_AHEAD, {"own": row.position}).one()
    named = connection.execute(_NAMED, {"position": first}).one_or_none() if ahead else None
    return ParkedRecord(
        key=CommandKey(row.command_source, row.command_id),
        position=row.position,
        since=row.parked_at,
        ahead=ahead,
        first=None if named is None or named.command_id is None else CommandKey(named.command_source, named.command_id),
    )
