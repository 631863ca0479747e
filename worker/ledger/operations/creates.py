"""Answers whether somebody else asked for the same customer."""

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select

from worker.domain.claims import Token
from worker.ledger.operations.unit import Unit
from worker.ledger.schema import commands

_OTHERS = (
    select(commands.c.arrival)
    .where(commands.c.username == bindparam("name"), commands.c.type == bindparam("create"))
    .where(or_(commands.c.id != bindparam("own_id"), commands.c.source != bindparam("own_source")))
    .limit(1)
)


def other_creates(unit: Unit, asked: Sequence[tuple[str, Token]]) -> list[bool]:
    """Tell for each username whether a CreateCustomer of it, other than the token's, was ever claimed.

    Asked one by one: only a create of unknown outcome asks, which is rare.
    """
    return [_has_other(unit, username, token) for username, token in asked]


def _has_other(unit: Unit, username: str, token: Token) -> bool:
    own = {"own_id": token.key.id, "own_source": token.key.source}
    found = unit.connection.execute(_OTHERS, {"name": username.lower(), "create": "CreateCustomer", **own})
    return found.first() is not None
