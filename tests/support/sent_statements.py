"""Hears every statement that a ledger sends, whether SQLAlchemy sends it or the driver alone."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, event

from worker.ledger.operations.transaction import Statement

Hear = Callable[[str, Any], None]


def hear_statements(monkeypatch: pytest.MonkeyPatch, engine: Engine, hear: Hear) -> None:
    """Pass to `hear` the text and the values of each statement right before it is run; of many values the first."""
    prepared = Statement.bound

    def bound(self: Statement, values: Any) -> tuple[str, Sequence[object]]:  # noqa: ANN401 - as the driver takes them
        sql, arguments = prepared(self, values)
        hear(sql, tuple(arguments))
        return sql, arguments

    def before(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:  # noqa: ANN401 - the library's
        hear(sql, values[0] if isinstance(values, list) else values)

    monkeypatch.setattr(Statement, "bound", bound)
    event.listen(engine, "before_cursor_execute", before)
