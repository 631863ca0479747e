"""What may be forgotten, as conditions and statements.

A command may go when it ended before the given time, and
- it was done, or it was given up and its dead letter is in `dead_letters` and closed: one that has not arrived
  there yet is still on its queue, so it is open;
- it is not parked: what waits in the ledger counts as done, however long it lies there;
- no dead letter that names it is open, neither an earlier generation's nor that of another content under the same id.

A refusal may go when it is as old and its own dead letter is not an open one of that table. The one on the queue does
not hold it: that one is whole without it, and all that is lost is that a repeat would be refused with a newer time.

Whatever is unfinished stays, however old. An owner may go when its lease ended as long ago and nothing is left of it:
one that is not in the table counts as dead, so that what it parked is adopted all the same. What is parked is never
forgotten here: only who ran it clears it.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BindParameter,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from worker.ledger.schema import commands, dead_letters, owners, parked, refusals

#: Rows of one commit: some milliseconds of work, so that a claim which has to wait does not notice.
BATCH_ROWS = 500

_BEFORE: BindParameter[float] = bindparam("before")
_DEAD_LETTER_CLOSED = exists().where(dead_letters.c.id == commands.c.letter_id, dead_letters.c.closed_at.is_not(None))
_NAMED_BY_OPEN = exists().where(
    dead_letters.c.command_id == commands.c.id,
    dead_letters.c.command_source == commands.c.source,
    dead_letters.c.closed_at.is_(None),
)
_PARKED = exists().where(parked.c.command_id == commands.c.id, parked.c.command_source == commands.c.source)
_COMMAND_MAY_GO = and_(
    commands.c.finished_at.is_not(None),
    commands.c.finished_at < _BEFORE,
    or_(commands.c.state == "done", _DEAD_LETTER_CLOSED),
    ~_NAMED_BY_OPEN,
    ~_PARKED,
)
_REFUSAL_MAY_GO = and_(
    refusals.c.at < _BEFORE,
    ~exists().where(dead_letters.c.id == refusals.c.letter_id, dead_letters.c.closed_at.is_(None)),
)
_LEFT_BEHIND = exists().where(commands.c.owner == owners.c.owner, commands.c.finished_at.is_(None))

_OLD_COMMANDS = (
    select(commands.c.finished_at, commands.c.arrival)
    .where(commands.c.finished_at.is_not(None), commands.c.finished_at < _BEFORE)
    .where(tuple_(commands.c.finished_at, commands.c.arrival) > tuple_(bindparam("at"), bindparam("row")))
    .order_by(commands.c.finished_at, commands.c.arrival)
    .limit(BATCH_ROWS)
    # A row that a claim is looking at now can wait for the next time; waiting for it could end in a circle.
    .with_for_update(skip_locked=True)
)
_OLD_REFUSALS = (
    select(refusals.c.at, refusals.c.id)
    .where(refusals.c.at < _BEFORE)
    .where(tuple_(refusals.c.at, refusals.c.id) > tuple_(bindparam("at"), bindparam("row")))
    .order_by(refusals.c.at, refusals.c.id)
    .limit(BATCH_ROWS)
    .with_for_update(skip_locked=True)
)
# The condition once more, in the statement that deletes: what changed since the look stays.
_FORGET_COMMANDS = delete(commands).where(commands.c.arrival.in_(bindparam("rows", expanding=True)), _COMMAND_MAY_GO)
_FORGET_REFUSALS = delete(refusals).where(refusals.c.id.in_(bindparam("rows", expanding=True)), _REFUSAL_MAY_GO)
_FORGET_OWNERS = delete(owners).where(owners.c.lease_until < _BEFORE, ~_LEFT_BEHIND)
_COUNT_COMMANDS = select(func.count()).select_from(commands).where(_COMMAND_MAY_GO)
_COUNT_REFUSALS = select(func.count()).select_from(refusals).where(_REFUSAL_MAY_GO)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk through the old rows has come: nothing at or before it is looked at again."""

    at: float
    row: int | str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit did: how many rows went, and how far the walk has come; None at the end of the old rows."""

    forgotten: int
    reached: Place | None


@dataclass(frozen=True, slots=True)
class Prunable:
    """How many rows ended before `before` (epoch seconds) and may go."""

    before: float
    commands: int
    refusals: int


def forget_commands(connection: Connection, before: float, after: Place | None) -> Batch:
    """Forget the next commands that ended before `before` (epoch seconds), passing over those that must stay."""
    start = after or Place(0.0, 0)
    rows = connection.execute(_OLD_COMMANDS, {"before": before, "at": start.at, "row": start.row}).all()
    if not rows:
        return Batch(0, None)
    gone = connection.execute(_FORGET_COMMANDS, {"before": before, "rows": [row.arrival for row in rows]})
    return Batch(gone.rowcount, Place(rows[-1].finished_at, rows[-1].arrival))


def forget_refusals(connection: Connection, before: float, after: Place | None) -> Batch:
    """Forget the next refusals made before `before` (epoch seconds)."""
    start = after or Place(0.0, "")
    rows = connection.execute(_OLD_REFUSALS, {"before": before, "at": start.at, "row": start.row}).all()
    if not rows:
        return Batch(0, None)
    gone = connection.execute(_FORGET_REFUSALS, {"before": before, "rows": [row.id for row in rows]})
    return Batch(gone.rowcount, Place(rows[-1].at, rows[-1].id))


def forget_owners(connection: Connection, before: float, _after: Place | None) -> Batch:
    """Forget the processes that ended before `before` (epoch seconds), all at once: there are few of them."""
    return Batch(connection.execute(_FORGET_OWNERS, {"before": before}).rowcount, None)


def count_prunable(connection: Connection, before: float) -> Prunable:
    """Count what ended before `before` (epoch seconds) and would be forgotten; changes nothing."""
    found = [connection.execute(question, {"before": before}) for question in (_COUNT_COMMANDS, _COUNT_REFUSALS)]
    return Prunable(before, *(each.scalar_one() for each in found))
