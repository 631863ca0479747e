"""Answers what other commands asked for the same customer."""

from collections.abc import Sequence

from sqlalchemy import Select, bindparam, literal, or_, select

from worker.domain.claims import Token
from worker.domain.texts.comparison import spellings
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import commands

_SAME_CUSTOMER = commands.c.username.in_(bindparam("names", expanding=True))
# In the statement's own text: PostgreSQL plans a statement that is asked often without its values, and an index of the
# creates alone serves only a statement that says so by itself.
_A_CREATE = commands.c.type == literal("CreateCustomer", literal_execute=True)
_OTHER_CREATES = (
    select(commands.c.arrival)
    .where(_SAME_CUSTOMER, _A_CREATE)
    .where(or_(commands.c.id != bindparam("own_id"), commands.c.source != bindparam("own_source")))
    .limit(1)
)
_OWN_ARRIVAL = (
    select(commands.c.arrival)
    .where(commands.c.id == bindparam("own_id"), commands.c.source == bindparam("own_source"))
    .scalar_subquery()
)
_LATER_APPLIED = (
    select(commands.c.arrival)
    .where(_SAME_CUSTOMER, commands.c.type != "RetrieveCustomers", commands.c.state == "done")
    .where(commands.c.arrival > _OWN_ARRIVAL)
    .limit(1)
)


def other_creates(unit: Unit, asked: Sequence[tuple[str, Token]]) -> list[bool]:
    """Return for each username whether a CreateCustomer of it in any spelling, but the token's, was ever claimed.

    Asked one by one, as below: only a create of unknown outcome asks, which is rare.
    """
    return [_finds(unit, _OTHER_CREATES, username, token) for username, token in asked]


def later_applied(unit: Unit, asked: Sequence[tuple[str, Token]]) -> list[bool]:
    """Return for each username whether a command about it that was first claimed after the token's own has succeeded.

    It counts in whatever spelling it named the customer.
    """
    return [_finds(unit, _LATER_APPLIED, username, token) for username, token in asked]


def _finds(unit: Unit, question: Select[tuple[int]], username: str, token: Token) -> bool:
    # The names are kept lower-cased, and otherwise as each command wrote them.
    names = list(dict.fromkeys(spelling.lower() for spelling in spellings(username)))
    own = {"own_id": token.key.id, "own_source": token.key.source}
    return unit.connection.execute(question, {"names": names, **own}).first() is not None
