"""Keeps commands that run later, in the order of their positions, and hands over what the dead left behind.

Whatever becomes of a command's own row, its place here is taken away only by `clear_many`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from sqlalchemy import BindParameter, bindparam, delete, insert, select, true, update

from worker.domain.identity import CommandKey
from worker.domain.work import Parked
from worker.errors import ProviderLogin
from worker.ledger.operations.leasing import living
from worker.ledger.operations.rows import StoredRow, lane_names
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import parked, parked_lanes

#: Rows of one statement. A body may have a quarter of a megabyte, and more of them is no faster.
_ROWS = 50
#: Rows of one commit that adopts: some tenths of a second, in which no command is claimed.
_ADOPTED_ROWS = 5_000

#: Whose it is that was given up: no process is ever called so, so that it is as free as what the dead left behind.
NOBODY = "nobody"

_Each = TypeVar("_Each")
_OWN: BindParameter[str] = bindparam("own")
_INSERT = insert(parked).returning(parked.c.position, sort_by_parameter_order=True)
_INSERT_LANES = insert(parked_lanes).values(lane=bindparam("lane"), position=bindparam("position"))
# From one owner to the next, each a look at the index: an owner may have parked many thousands.
_NEXT_OWNER = select(parked.c.owner).where(parked.c.owner > bindparam("after")).order_by(parked.c.owner).limit(1)
_PLACE = parked.c.position, parked.c.lanes, parked.c.login
# Locked in the order of the positions, so that two who adopt at once queue up; the second then finds them taken. By
# a table of its own, because a question within a condition may be asked more than once, each time for other rows.
_LEFT = (
    select(parked.c.position)
    .where(parked.c.owner.in_(bindparam("names", expanding=True)))
    .order_by(parked.c.position)
    .limit(_ADOPTED_ROWS)
    .with_for_update()
    .cte("left_behind")
)
_ADOPT = (
    update(parked)
    .where(parked.c.position.in_(select(_LEFT.c.position)))
    .values(owner=_OWN, adopted=true())
    .returning(*_PLACE)
)
_MINE = select(*_PLACE).where(parked.c.owner == _OWN).order_by(parked.c.position)
_POSITIONS: BindParameter[Sequence[int]] = bindparam("positions", expanding=True)
_FIND = select(parked).where(parked.c.position.in_(_POSITIONS))
# Locked in the same order as by those who adopt: one of them may have declared this process dead just now.
_OURS = (
    select(parked.c.position)
    .where(parked.c.position.in_(_POSITIONS), parked.c.owner == _OWN)
    .order_by(parked.c.position)
    .with_for_update()
    .cte("given_up")
)
_RELEASE = update(parked).where(parked.c.position.in_(select(_OURS.c.position))).values(owner=NOBODY)
# The lanes go with it.
_CLEAR = delete(parked).where(parked.c.position.in_(_POSITIONS))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A command to be parked, encrypted by its caller; `key` is None for a message that could not name its command."""

    key: CommandKey | None
    lanes: tuple[str, ...]
    login: ProviderLogin
    body: bytes


def park_many(unit: Unit, asked: Sequence[Sequence[Sealed]]) -> list[list[Parked]]:
    """Put each sequence behind all that are parked; within one the positions rise from command to command."""
    return [list(chain.from_iterable(_park(unit, rows) for rows in _portions(sequence, _ROWS))) for sequence in asked]


def adopt_many(unit: Unit, asked: Sequence[None]) -> list[list[Parked]]:
    """Take over what belongs to no living process, as much as one commit should hold; the first who asked gets it.

    What is taken over stays marked `adopted`.
    """
    names = set(_owners(unit)) - {unit.owner}
    # Before any row is locked: whoever wakes up meanwhile renews its lease first, and writes afterwards.
    left = sorted(names - living(unit, names).keys())
    found: Iterable[StoredRow] = unit.connection.execute(_ADOPT, {"names": left, "own": unit.owner}) if left else ()
    adopted = sorted(map(_place, found), key=lambda place: place.position)
    return [adopted, *([] for _ in asked[1:])]


def list_mine(unit: Unit, asked: Sequence[None]) -> list[list[Parked]]:
    """Answer each request with the parked commands that belong to this process, in the order of their positions."""
    found: Iterable[StoredRow] = unit.connection.execute(_MINE, {"own": unit.owner})
    mine = list(map(_place, found))
    return [mine for _ in asked]


def find_many(unit: Unit, asked: Sequence[int]) -> list[StoredRow | None]:
    """Read the row of each position; None where there is none."""
    rows = {row.position: row for row in unit.rows(_FIND, {"positions": asked})}
    return [rows.get(position) for position in asked]


def clear_many(unit: Unit, asked: Sequence[Sequence[int]]) -> list[None]:
    """Forget these positions; one that is not there is no error."""
    for positions in _named(asked):
        unit.change(_CLEAR, [{"positions": positions}])
    return [None] * len(asked)


def release_many(unit: Unit, asked: Sequence[Sequence[int]]) -> list[None]:
    """Release these positions for other processes; one that is missing or another's is no error."""
    for positions in _named(asked):
        unit.connection.execute(_RELEASE, {"positions": positions, "own": unit.owner})
    return [None] * len(asked)


def _named(asked: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
    return _portions(sorted(set(chain.from_iterable(asked))), 10 * _ROWS)


def _park(unit: Unit, rows: Sequence[Sealed]) -> list[Parked]:
    positions = unit.connection.execute(_INSERT, [_values(unit, row) for row in rows]).scalars()
    places = [Parked(position, row.lanes, row.login) for position, row in zip(positions, rows, strict=True)]
    lanes = [{"lane": lane, "position": place.position} for place in places for lane in lane_names(place.lanes)]
    if lanes:
        unit.change(_INSERT_LANES, lanes)
    return places


def _values(unit: Unit, row: Sealed) -> dict[str, object]:
    return {
        "owner": unit.owner,
        "command_source": None if row.key is None else row.key.source,
        "command_id": None if row.key is None else row.key.id,
        "lanes": json.dumps(row.lanes),
        "login": row.login.value,
        "sealed": row.body,
        "parked_at": unit.now,
    }


def _owners(unit: Unit) -> Iterator[str]:
    name = unit.connection.execute(_NEXT_OWNER, {"after": ""}).scalar()
    while name is not None:
        yield name
        name = unit.connection.execute(_NEXT_OWNER, {"after": name}).scalar()


def _place(row: StoredRow) -> Parked:
    return Parked(row.position, tuple(json.loads(row.lanes)), ProviderLogin(row.login))


def _portions(whole: Sequence[_Each], size: int) -> Iterator[Sequence[_Each]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))
