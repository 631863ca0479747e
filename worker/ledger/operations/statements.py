"""Runs statements through the driver itself, the text of each prepared once for each ledger.

SQLAlchemy writes the text and says how each type's values travel, so that a statement is defined as everywhere else and
serves both databases. But it looks the text up, checks and wraps anew at each run, which takes more time than the
database does; so what every command asks is run by the driver's cursor, in the transaction that SQLAlchemy began.
SQLAlchemy's events about statements do not tell of it.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler

from worker.ledger.faults import from_driver
from worker.ledger.operations.rows import StoredRow

Question = Select[Any]
Change = Insert | Update | Delete
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """What the driver is given: `order` names its parameters, and `lists` those that each list is spread over."""

    sql: str
    order: Sequence[str]
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

    def bound(self, values: Values) -> tuple[str, list[object]]:
        """Its text and its arguments with these values."""
        lists = {name: _filled(values[name]) for name in self._lists}
        text = self._text(lists)
        spread = {each: value for name in lists for each, value in zip(text.lists[name], lists[name], strict=True)}
        return text.sql, self._arguments(text, {**values, **spread})

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
            text = _Text(state.statement, state.positiontup or (), state.parameter_expansion)
            self._texts[sizes] = text
        return text

    def _arguments(self, text: _Text, values: Values) -> list[object]:
        given = {**self._constants, **values}
        for name, process in self._processors:
            given[name] = process(given[name])
        return [given[name] for name in text.order]

    def _reader(self, description: Sequence[Sequence[Any]]) -> Callable[[Sequence[Any]], StoredRow]:
        # The driver's own types are known from a first result on.
        names = [str(column.key) for column in self._columns]
        make: type[Any] = namedtuple("make", names)  # type: ignore[misc]  # noqa: PYI024 - named when it runs
        processors = [
            (place, process)
            for place, (column, told) in enumerate(zip(self._columns, description, strict=True))
            if (process := column.type.dialect_impl(self._dialect).result_processor(self._dialect, told[1]))
        ]

        def read(row: Sequence[Any]) -> StoredRow:
            values = list(row)
            for place, process in processors:
                values[place] = process(values[place])
            return make(*values)

        return read


class Statements:
    """Those of one ledger, each prepared when it is first run. Their errors are raised as SQLAlchemy raises them."""

    def __init__(self) -> None:
        self._prepared: dict[Question | Change, Statement] = {}

    def rows(self, connection: Connection, question: Question, values: Values) -> list[StoredRow]:
        """Ask, and read all rows of the answer."""
        statement = self._of(question, connection)
        with from_driver(connection):
            cursor = connection.connection.cursor()
            cursor.execute(*statement.bound(values))
            return statement.rows(cursor)

    def change(self, connection: Connection, change: Change, many: Sequence[Values]) -> int:
        """Change something with each of these values; tells how many rows were met."""
        statement = self._of(change, connection)
        with from_driver(connection):
            cursor = connection.connection.cursor()
            # None of many holds a list, so that all of them have one text.
            bound = [statement.bound(values) for values in many]
            sql, arguments = bound[0]
            if len(bound) == 1:
                cursor.execute(sql, arguments)
            else:
                cursor.executemany(sql, [arguments for _, arguments in bound])
            return cursor.rowcount

    def _of(self, statement: Question | Change, connection: Connection) -> Statement:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Statement(statement, connection.dialect)
        return prepared


def _filled(values: Sequence[object]) -> list[object]:
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]
