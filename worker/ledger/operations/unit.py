"""The transaction that a batch of operations shares."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from worker.ledger.operations.rows import StoredRow
from worker.ledger.operations.statements import Change, Question, Statements

Asked = TypeVar("Asked")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction. `now` is epoch seconds, the same for all that happens in it; `owner` is this process.

    `lease_now` asks for epoch seconds by the clock that leases go by, which may be the database's own; none lasts
    longer than `lease_seconds`. `sole`: every other owner is dead. `serials` never repeats while the process lives, so
    tokens made of it are unique.
    """

    connection: Connection
    statements: Statements
    owner: str
    now: float
    lease_now: Callable[[], float]
    settle_seconds: float
    lease_seconds: float
    sole: bool
    serials: Iterator[int]

    def rows(self, question: Question, values: Mapping[str, Any]) -> list[StoredRow]:
        """Ask what every command asks: see `statements`."""
        return self.statements.rows(self.connection, question, values)

    def change(self, change: Change, many: Sequence[Mapping[str, Any]]) -> int:
        """Change what every command changes, with each of these values; tells how many rows were met."""
        return self.statements.change(self.connection, change, many)

    def new_token(self) -> str:
        """Make a token's value: unique among all processes, since an owner's name is."""
        return f"{self.owner}:{next(self.serials)}"


#: Does one kind of work for a whole batch, in which no key occurs twice. The answers come in the order of what was
#: asked; a LedgerError among them is raised to its own caller alone. Whatever is raised rolls the whole batch back.
Bulk = Callable[[Unit, Sequence[Asked]], Sequence[Given]]


def storable(text: str) -> str:
    """Make any text fit for a database: PostgreSQL refuses NUL, and neither product takes half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
