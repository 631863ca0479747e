"""The clock of leases in a PostgreSQL ledger is the server's, whatever the hosts of its workers believe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import NullPool, create_engine, select

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import SystemClock
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import CIPHER, IDENTITY, asking, parked_work
from worker.domain.claims import Held
from worker.domain.telemetry import discard_event
from worker.ledger.config import LedgerConfig
from worker.ledger.migrations.migrate import migrate
from worker.ledger.read.stats import read_stats
from worker.ledger.schema import owners

HOUR_SECONDS = 3600.0


class Skewed(SystemClock):
    """A host that is some seconds off."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead = ahead_seconds

    def now(self) -> float:
        """Epoch seconds, as this host believes."""
        return super().now() + self._ahead


@pytest.fixture
def url(database: PrivatePostgres) -> str:
    empty_database(database.url)
    migrate(create_engine(database.url, poolclass=NullPool))
    return database.url


@contextmanager
def opened_on(clock: SystemClock, url: str) -> Iterator[BlockingLedger]:
    ledger = BlockingLedger.open(LedgerConfig(url, settle_seconds=0, keep_days=90), IDENTITY, clock, discard_event)
    try:
        yield ledger
    finally:
        ledger.stop()


@pytest.mark.parametrize("ahead", [HOUR_SECONDS, -HOUR_SECONDS])
def test_hosts_an_hour_apart_leave_each_other_what_is_theirs(url: str, ahead: float) -> None:
    with opened_on(Skewed(ahead), url) as off, opened_on(SystemClock(), url) as exact:
        off.claim(asking("evt_1"))
        exact.claim(asking("evt_2"))
        off.parking_store(CIPHER).park([parked_work()])

        assert isinstance(exact.claim(asking("evt_1")), Held)
        assert isinstance(off.claim(asking("evt_2")), Held)
        assert exact.parking_store(CIPHER).adopt() == []
        assert off.lease_holds()


@pytest.mark.parametrize("ahead", [HOUR_SECONDS, -HOUR_SECONDS])
def test_the_owners_times_are_the_servers(url: str, ahead: float) -> None:
    clock = Skewed(ahead)
    with opened_on(clock, url):
        pass
    with create_engine(url, poolclass=NullPool).connect() as connection:
        row = connection.execute(select(owners)).one()

    for written in (row.started_at, row.lease_until, row.stopped_at):
        assert abs(written - time.time()) < HOUR_SECONDS / 2


@pytest.mark.parametrize("ahead", [HOUR_SECONDS, -HOUR_SECONDS])
def test_the_times_of_owners_are_reported_by_the_clock_of_whoever_looks(url: str, ahead: float) -> None:
    with opened_on(SystemClock(), url):
        stats = read_stats(url, 90, Skewed(ahead))

    assert abs(stats.owners[0].lease_until - stats.seen_at) < HOUR_SECONDS / 2
