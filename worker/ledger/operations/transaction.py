"""The transaction that a batch of operations shares, and the statements that are run in it.

SQLAlchemy writes a statement's text and says how each type's values travel, so that it is defined as everywhere else
and serves both databases. But it looks the text up, checks and wraps anew at each run, which takes more time than the
database does. So the text of what every command asks is prepared once for each ledger, and run by the driver's cursor,
in the transaction that SQLAlchemy began; SQLAlchemy's events about statements do not report it.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler

from worker.ledger.faults import from_driver
from worker.ledger.operations.rows import StoredRow

Asked = TypeVar("Asked")
Given = TypeVar("Given")
Question = Select[Any]
Change = Insert | Update | Delete
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """What the driver is given: `arguments` puts values in order, `lists` names those that a list is spread over."""

    sql: str
    arguments: Callable[[Values], Sequence[object]]
    lists: Mapping[str, Sequence[str]]


class Statement:
    """One statement as the driver takes it: its text, the order of its parameters, how values change on their way.

    Values are given by the parameters' names. A list, for an `expanding` parameter, holds text or numbers; it is filled
    up with its last value to a power of two, so that the driver and the server meet few texts. That changes no IN.
    """

    def __init__(self, statement: Question | Change, dialect: Dialect) -> None:
        # Inline: an insert gives back no keys.
        compiled = (statement.inline() if isinstance(statement, Insert) else statement).compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(statement)
        self._compiled = compiled
        self._dialect = dialect
        self._columns = statement.exported_columns
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        self._constants = {name: compiled.params[name] for name, bind in binds.items() if not bind.required}
        self._lists = [name for name, bind in binds.items() if bind.expanding]
        processors = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
        self._processors = [(name, process) for name, process in processors.items() if process is not None]
        self._texts: dict[tuple[int, ...], _Text] = {}
        self._row: Callable[[Sequence[Any]], StoredRow] | None = None

    def bound(self, values: Values) -> tuple[str, Sequence[object]]:
        """Its text and its arguments with these values."""
        lists = {name: _filled(values[name]) for name in self._lists}
        text = self._text(lists)
        given = {**self._constants, **values}
        for name, process in self._processors:
            given[name] = process(given[name])
        for name in self._lists:
            given.update(zip(text.lists[name], lists[name], strict=True))
        return text.sql, text.arguments(given)

    def rows(self, cursor: DBAPICursor) -> list[StoredRow]:
        """Read what a run has found; a row's values have the names of their columns."""
        found = cursor.fetchall()
        if found and self._row is None:
            self._row = self._reader(cursor.description or ())
        return [self._row(row) for row in found] if self._row else []

    def _text(self, lists: Mapping[str, Sequence[object]]) -> _Text:
        sizes = tuple(map(len, lists.values()))
        text = self._texts.get(sizes)
        if text is None:
            state = self._compiled.construct_expanded_state({**self._compiled.params, **lists})
            text = _Text(state.statement, _in_order(state.positiontup or ()), state.parameter_expansion)
            self._texts[sizes] = text
        return text

    def _reader(self, description: Sequence[Sequence[Any]]) -> Callable[[Sequence[Any]], StoredRow]:
        # The driver's own types are known from a first result on.
        names = [str(column.key) for column in self._columns]
        make: type[Any] = namedtuple("make", names)  # type: ignore[misc]  # noqa: PYI024 - named when it runs
        processors = [
            (place, process)
            for place, (column, described) in enumerate(zip(self._columns, description, strict=True))
            if (process := column.type.dialect_impl(self._dialect).result_processor(self._dialect, described[1]))
        ]

        def read(row: Sequence[Any]) -> StoredRow:
            values = list(row)
            for place, process in processors:
                values[place] = process(values[place])
            return make(*values)

        return read


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction. `now` is epoch seconds, the same for each of its operations; `owner` is this process.

    `lease_now` asks for epoch seconds by the clock that leases go by, which may be the database's own; none lasts
    longer than `lease_seconds`. `sole`: every other owner is dead. `serials` never repeats while the process lives, so
    tokens made of it are unique. `statements`: those that the ledger has prepared so far.
    """

    connection: Connection
    statements: dict[Question | Change, Statement]
    owner: str
    now: float
    lease_now: Callable[[], float]
    settle_seconds: float
    lease_seconds: float
    sole: bool
    serials: Iterator[int]

    def rows(self, question: Question, values: Values) -> list[StoredRow]:
        """Run one statement for all commands and return all its rows. Raises what SQLAlchemy raises."""
        statement = self._prepared(question)
        with from_driver(self.connection):
            cursor = self.connection.connection.cursor()
            cursor.execute(*statement.bound(values))
            return statement.rows(cursor)

    def change(self, change: Change, many: Sequence[Values]) -> int:
        """Change what every command changes, with each of these values; answers how many rows were met."""
        statement = self._prepared(change)
        with from_driver(self.connection):
            cursor = self.connection.connection.cursor()
            # None of many holds a list, so that all of them have one text.
            bound = [statement.bound(values) for values in many]
            sql, arguments = bound[0]
            if len(bound) == 1:
                cursor.execute(sql, arguments)
            else:
                cursor.executemany(sql, [arguments for _, arguments in bound])
            return cursor.rowcount

    def new_token(self) -> str:
        """Make a token's value: unique among all processes, since an owner's name is."""
        return f"{self.owner}:{next(self.serials)}"

    def _prepared(self, statement: Question | Change) -> Statement:
        prepared = self.statements.get(statement)
        if prepared is None:
            prepared = self.statements[statement] = Statement(statement, self.connection.dialect)
        return prepared


#: Does one kind of work for a whole batch, in which no key occurs twice. The answers come in the order of what was
#: asked; a LedgerError among them is raised to its own caller alone. Whatever is raised rolls the whole batch back.
Bulk = Callable[[Unit, Sequence[Asked]], Sequence[Given]]


def _in_order(names: Sequence[str]) -> Callable[[Values], Sequence[object]]:
    # For several names the library's own way is the fastest there is; for one it gives no sequence.
    return itemgetter(*names) if len(names) > 1 else lambda given: [given[name] for name in names]


def _filled(values: Sequence[object]) -> list[object]:
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]
