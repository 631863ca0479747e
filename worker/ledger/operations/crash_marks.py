"""Marks the one message that is read now, so that the next process knows what the last one died of."""

from collections.abc import Sequence

from sqlalchemy import BindParameter, bindparam, case, delete, func, insert, select, update

from worker.domain.claims import Held, MarkedReading
from worker.ledger.operations.leasing import living, stopped
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import owners, readings

#: A message that has not come again for so long never will; then its crashes are forgotten. Thirty days.
_KEEP_SECONDS = 30 * 86_400.0

_OWN: BindParameter[str] = bindparam("own")
_FIND = select(readings).where(readings.c.mark == bindparam("of_mark")).with_for_update()
_MARK = insert(readings)
_MARK_AGAIN = (
    update(readings)
    .where(readings.c.mark == bindparam("of_mark"))
    .values(owner=bindparam("new_owner"), crashes=bindparam("new_crashes"), at=bindparam("now"))
)
_FORGET_INNOCENT = delete(readings).where(readings.c.owner == _OWN, readings.c.crashes == 0)
_UNMARK = update(readings).where(readings.c.owner == _OWN).values(owner=None)
_FORGET_OLD = delete(readings).where(readings.c.at < bindparam("before"))
_LAST_ENDS = select(
    func.max(case((owners.c.stopped_at.is_(None) | owners.c.died, owners.c.lease_until))),
    func.max(case((owners.c.stopped_at.is_not(None) & ~owners.c.died, owners.c.stopped_at))),
).where(owners.c.owner != _OWN)


def last_death(unit: Unit, asked: Sequence[None]) -> list[float | None]:
    """Answer each request with when the last other process died (epoch seconds), None if one stopped since."""
    died_at, stopped_at = unit.connection.execute(_LAST_ENDS, {"own": unit.owner}).one()
    since = stopped_at is None or (died_at is not None and died_at > stopped_at)
    return [died_at if since else None] * len(asked)


def begin_reading(unit: Unit, marks: Sequence[bytes]) -> list[MarkedReading | Held]:
    """Replace this process's mark by each of these in turn: one is read at a time, so there is one."""
    return [_begin(unit, mark) for mark in marks]


def end_reading(unit: Unit, asked: Sequence[None]) -> list[None]:
    """Take this process's mark away, and forget what has not come for long."""
    _unmark(unit)
    unit.connection.execute(_FORGET_OLD, {"before": unit.now - _KEEP_SECONDS})
    return [None] * len(asked)


def _begin(unit: Unit, mark: bytes) -> MarkedReading | Held:
    _unmark(unit)
    row = unit.connection.execute(_FIND, {"of_mark": mark}).first()
    if row is None:
        unit.connection.execute(_MARK, {"mark": mark, "owner": unit.owner, "crashes": 0, "at": unit.now})
        return MarkedReading(0)
    before = {row.owner} - {None}
    leases = living(unit, before)
    if row.owner in leases:
        return Held(leases[row.owner])
    crashes = row.crashes + len(before - {unit.owner} - stopped(unit, before))
    values = {"of_mark": mark, "new_owner": unit.owner, "new_crashes": crashes, "now": unit.now}
    unit.connection.execute(_MARK_AGAIN, values)
    return MarkedReading(crashes)


def _unmark(unit: Unit) -> None:
    unit.connection.execute(_FORGET_INNOCENT, {"own": unit.owner})
    unit.connection.execute(_UNMARK, {"own": unit.owner})
