"""What PostgreSQL's driver raises by itself means the same as what SQLAlchemy raises."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_units import unit_on
from worker.ledger.migrations.migrate import migrate
from worker.ledger.schema import pauses
from worker.ledger.stores.opening import open_store
from worker.ledger.stores.store import Store
from worker.ledger.stores.verdicts import FaultVerdict

ADD = insert(pauses).values({name: bindparam(name) for name in pauses.columns.keys()})  # noqa: SIM118 - columns, no mapping
FIND = select(pauses).where(pauses.c.cause == bindparam("of_cause"))


@pytest.fixture
def store(database: PrivatePostgres) -> Iterator[Store]:
    empty_database(database.url)
    store = open_store(database.url)
    migrate(store.engine)
    yield store
    store.release()


def ask_after_the_end_of(session: int, store: Store, connection: Connection) -> None:
    with store.engine.begin() as other:
        other.execute(select(func.pg_terminate_backend(session, 5_000)))
    unit_on(connection).rows(FIND, {"of_cause": "a"})


def pause(cause: str) -> dict[str, object]:
    return {"cause": cause, "scope": "x", "since": 1.0, "until": None, "detail": ""}


@pytest.mark.parametrize("rows", [[pause("a")], [pause("b"), pause("a")]], ids=["one", "many"])
def test_a_key_that_is_taken_is_an_integrity_error(store: Store, rows: Sequence[dict[str, object]]) -> None:
    with store.engine.begin() as connection:
        unit_on(connection).change(ADD, [pause("a")])

    with store.engine.connect() as connection, pytest.raises(IntegrityError), connection.begin():
        unit_on(connection).change(ADD, rows)


@pytest.mark.parametrize("rows", [[pause("\0")], [pause("b"), pause("\0")]], ids=["one", "many"])
def test_a_value_that_cannot_be_sent_is_the_rows_own_fault(store: Store, rows: Sequence[dict[str, object]]) -> None:
    with store.engine.connect() as connection, pytest.raises(DataError) as raised, connection.begin():
        unit_on(connection).change(ADD, rows)

    assert store.judge(raised.value) is FaultVerdict.ROW


def test_a_session_that_was_ended_is_a_lost_connection_also_to_whoever_ends_the_transaction(store: Store) -> None:
    with store.engine.connect() as connection:
        session = connection.execute(select(func.pg_backend_pid())).scalar_one()
        connection.commit()
        with pytest.raises(DBAPIError) as raised, connection.begin():
            ask_after_the_end_of(session, store, connection)

        assert raised.value.connection_invalidated
        assert getattr(raised.value.orig, "sqlstate", None) == "57P01"
        assert store.judge(raised.value) is FaultVerdict.PASSES
        assert connection.invalidated
