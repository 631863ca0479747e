"""Statements that the driver runs: they find, keep and refuse what SQLAlchemy's own runs do."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, StaticPool, bindparam, create_engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from tests.support.ledger_units import unit_on
from worker.ledger.operations.transaction import Change, Question, Statement
from worker.ledger.schema import commands, metadata

NAMES = "source", "id", "type", "fingerprint", "lanes", "state", "owner", "token", "begun", "first_seen_at"
ADD = insert(commands).values({name: bindparam(name) for name in NAMES})
FIND = select(commands).where(commands.c.id.in_(bindparam("ids", expanding=True))).order_by(commands.c.id)
BEGIN = update(commands).where(commands.c.id == bindparam("of_id")).values(begun=bindparam("begun"), not_before=None)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def row(id_: str) -> dict[str, object]:
    values = dict.fromkeys(NAMES, "x") | {"id": id_, "fingerprint": b"\0\xff", "state": "claimed"}
    return values | {"begun": True, "first_seen_at": 7.0}


def test_a_row_is_read_as_sqlalchemy_reads_it(connection: Connection) -> None:
    unit_on(connection).change(ADD, [row("a")])

    found = unit_on(connection).rows(FIND, {"ids": ["a"]})

    expected = connection.execute(FIND, {"ids": ["a"]}).one()
    assert list(map(repr, found[0])) == list(map(repr, expected))
    assert found[0]._fields == expected._fields


def test_a_change_with_many_values_reports_how_many_rows_it_met(connection: Connection) -> None:
    unit = unit_on(connection)
    unit.change(ADD, [row("a"), row("b")])

    met = unit.change(BEGIN, [{"of_id": each, "begun": False} for each in ("a", "b", "c")])

    assert met == 2
    assert [each.begun for each in unit.rows(FIND, {"ids": ["a", "b"]})] == [False, False]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 500])
def test_a_list_of_any_length_finds_its_rows(connection: Connection, count: int) -> None:
    unit = unit_on(connection)
    ids = [f"evt_{number:03}" for number in range(count)]
    unit.change(ADD, [row(id_) for id_ in [*ids, "other"]])

    assert [each.id for each in unit.rows(FIND, {"ids": ids})] == ids


def test_lists_of_many_lengths_share_few_texts(connection: Connection) -> None:
    statement = Statement(FIND, connection.dialect)

    texts = {statement.bound({"ids": ["a"] * length})[0] for length in range(1, 501)}

    assert len(texts) == 10


def test_what_a_constraint_refuses_is_sqlalchemys_error(connection: Connection) -> None:
    unit = unit_on(connection)
    unit.change(ADD, [row("a")])

    with pytest.raises(IntegrityError) as ours:
        unit.change(ADD, [row("a")])
    with pytest.raises(IntegrityError) as theirs:
        connection.execute(ADD, row("a"))

    assert repr(ours.value.orig) == repr(theirs.value.orig)


def test_an_error_shows_no_values(connection: Connection) -> None:
    unit = unit_on(connection)
    unit.change(ADD, [row("a-secret")])

    with pytest.raises(IntegrityError) as raised:
        unit.change(ADD, [row("a-secret")] * 2)

    assert "a-secret" not in str(raised.value)


def test_text_that_is_none_is_the_drivers_own_error(connection: Connection) -> None:
    with pytest.raises(UnicodeEncodeError):
        unit_on(connection).rows(FIND, {"ids": ["\udc80"]})


def test_a_statement_is_prepared_once_for_all_transactions(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    prepared: list[object] = []
    init = Statement.__init__

    def noting(self: Statement, *given: object) -> None:
        prepared.append(given[0])
        init(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Statement, "__init__", noting)
    statements: dict[Question | Change, Statement] = {}
    for question in (FIND, FIND, BEGIN, FIND):
        unit = unit_on(connection, statements)
        if question is BEGIN:
            unit.change(BEGIN, [{"of_id": "a", "begun": True}])
        else:
            unit.rows(FIND, {"ids": ["a"]})

    assert prepared == [FIND, BEGIN]
