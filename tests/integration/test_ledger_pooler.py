"""A PostgreSQL ledger by way of a pooler in transaction mode, which gives each transaction another session."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import SystemClock, opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import CIPHER, asking, parked_work, positions, success, token_of
from tests.support.pooler import PrivatePooler, pooler_before
from worker.domain.claims import Done
from worker.ledger.maintenance import migrate_ledger, prune_ledger
from worker.ledger.pruning.pruner import PrunedElsewhere
from worker.ledger.read.stats import read_stats
from worker.ledger.stores.opening import open_beside, open_reading

_COMMANDS, _THREADS = 60, 6


@pytest.fixture(scope="module")
def pooler(database: PrivatePostgres) -> Iterator[PrivatePooler]:
    with pooler_before(database.url) as started:
        yield started


@pytest.fixture
def url(pooler: PrivatePooler, database: PrivatePostgres) -> str:
    """An empty ledger, made through the pooler."""
    empty_database(database.url)
    migrate_ledger(pooler.url)
    return pooler.url


def prepares(ledger: BlockingLedger) -> int | None:
    """After how many uses the writer's connection prepares a statement."""
    connection = ledger._commits._writer_connection._connection
    assert connection is not None
    threshold: int | None = connection.connection.driver_connection.prepare_threshold  # type: ignore[union-attr]  # psycopg's own
    return threshold


def never(_seconds: float) -> bool:
    """Rest not at all."""
    return False


def test_two_workers_claim_and_record_through_it(url: str) -> None:
    def run(ledger: BlockingLedger, worker: str) -> None:
        for number in range(_COMMANDS):
            id_ = f"{worker}_{number}"
            ledger.record(token_of(ledger.claim(asking(id_))), success(id_))

    with opened(url) as first, opened(url) as second, ThreadPoolExecutor(2 * _THREADS) as pool:
        runs = [
            pool.submit(run, ledger, f"{name}{thread}")
            for name, ledger in (("first", first), ("second", second))
            for thread in range(_THREADS)
        ]
        for each in runs:
            each.result()
        for thread in range(_THREADS):
            assert second.claim(asking(f"first{thread}_0")) == Done(success(f"first{thread}_0").event)
    assert sum(count.count for count in read_stats(url, 90, SystemClock()).commands) == 2 * _THREADS * _COMMANDS


def test_parking_goes_through_it(url: str) -> None:
    with opened(url) as ledger:
        parking_store = ledger.parking_store(CIPHER)
        places = parking_store.park([parked_work(f"evt_{number}") for number in range(120)])
        assert positions(parking_store.mine()) == positions(places)
        parking_store.clear(positions(places))
        assert parking_store.mine() == []


def test_nothing_of_a_transaction_stays_in_the_poolers_sessions(url: str, database: PrivatePostgres) -> None:
    with opened(url) as ledger:
        for number in range(20):
            ledger.claim(asking(f"evt_{number}"))
        prune_ledger(url, 90, SystemClock(), never)
        with create_engine(database.url, poolclass=NullPool).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar() == 0
        with create_engine(url, poolclass=NullPool).connect() as other:
            settings = [other.execute(text(f"SHOW {name}")).scalar() for name in ("lock_timeout", "statement_timeout")]
            assert settings == ["0", "0"]
        assert prepares(ledger) is None


def test_without_it_what_is_asked_often_is_prepared(database: PrivatePostgres) -> None:
    empty_database(database.url)
    migrate_ledger(database.url)
    with opened(database.url) as ledger:
        ledger.claim(asking())
        assert prepares(ledger) == 5


def test_only_one_prunes_at_a_time_through_it(url: str) -> None:
    store = open_beside(url)
    with store.engine.begin() as other:
        assert store.may_prune(other)
        with pytest.raises(PrunedElsewhere):
            prune_ledger(url, 90, SystemClock(), never)
    assert prune_ledger(url, 90, SystemClock(), never).whole


def test_who_only_looks_can_change_nothing_through_it(url: str) -> None:
    with open_reading(url).engine.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.execute(text("DELETE FROM commands"))
