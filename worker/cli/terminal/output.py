"""How read commands print: a table on a terminal, JSON for programs. JSON goes to standard output alone."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.texts.printable import visible

Row = Mapping[str, object]


class Output(StrEnum):
    """`auto` is a table on a terminal and JSON lines otherwise."""

    AUTO = "auto"
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: the row's key, and the words above it."""

    key: str
    title: str = ""


def show_rows(rows: Sequence[Row], columns: Sequence[Column], output: Output) -> None:
    """Print the rows."""
    match output:
        case Output.JSON:
            sys.stdout.write(as_json(rows, indent=2) + "\n")
        case Output.JSONL:
            stream_rows(rows)
        case Output.AUTO if not sys.stdout.isatty():
            stream_rows(rows)
        case _:
            _table(rows, columns)


def say(*lines: str) -> None:
    """Write lines to standard error, each of them one line whatever is in it: texts of others may be."""
    sys.stderr.write("".join(f"{visible(line)}\n" for line in lines))


def as_json(value: object, indent: int | None = None) -> str:
    """The value in JSON, all of it ASCII that prints."""
    return json.dumps(value, indent=indent, default=str)


def stream_rows(rows: Iterable[Row]) -> None:
    """Print each row as a line of JSON as soon as it is there."""
    for row in rows:
        sys.stdout.write(as_json(row) + "\n")


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    # Every command says something; few of them draw.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.title or column.key, overflow="fold")
    for row in rows:
        # No markup: what is printed may come from others.
        table.add_row(*(_cell(row.get(column.key)) for column in columns))
    Console(markup=False, highlight=False).print(table)


def _cell(value: object) -> str:
    return "" if value is None else visible(str(value))
