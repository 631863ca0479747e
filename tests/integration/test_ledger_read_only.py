"""A server that takes no more writes, as a standby or by its host's hand: one steady pause, and then it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.doctoring import DEFAULTS
from tests.support.ledger_opening import opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import IDENTITY, asking, success, token_of
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from worker.doctor import Rule, diagnose
from worker.doctor.facts import Facts
from worker.domain.claims import Done, Fresh
from worker.errors import LedgerUnavailable
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.read.checkup import look_at_ledger


@pytest.fixture(scope="module")
def database() -> Iterator[PrivatePostgres]:
    """A server of the file's own, which is closed and opened."""
    with session_database() as started:
        yield started


@pytest.fixture
def url(database: PrivatePostgres) -> str:
    empty_database(database.url)
    migrate_ledger(database.url)
    return database.url


class Listener:
    """Keeps what is reported of outages."""

    def __init__(self) -> None:
        self.reports: list[str] = []

    def __call__(self, detail: str) -> None:
        self.reports.append(detail)


def typed(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """Close it as a host does whose disk is nearly full."""
    typed(url, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    wait_for(lambda: is_read_only(url), "a server that is read-only")
    try:
        yield
    finally:
        typed(url, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def is_read_only(url: str) -> bool:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(text("SHOW default_transaction_read_only")).scalar() == "on"


def connected(ledger: BlockingLedger) -> int:
    """The file descriptor's connection, as the server calls it."""
    connection = ledger._commits._writer_connection._connection
    assert connection is not None
    return int(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]  # psycopg's own


def test_a_server_that_became_read_only_pauses_steadily_until_it_is_writable(url: str) -> None:
    listener = Listener()
    with opened(url) as ledger:
        token = token_of(ledger.claim(asking()))
        before = connected(ledger)
        ledger.watch(listener)
        with read_only(url):
            with pytest.raises(LedgerUnavailable, match="read-only"):
                ledger.record(token, success())
            reports = len(listener.reports)
            wait_for(lambda: len(listener.reports) >= reports + 3, "being told again and again, though nobody asks")
            assert all("read-only" in each for each in listener.reports)
            assert ledger.alive
        wait_for(lambda: not ledger._commits.away, "a commit that goes well by itself")
        # On a new connection: behind the same address another server may be the one that can be written to.
        assert connected(ledger) != before
        ledger.record(token, success())
        assert ledger.claim(asking()) == Done(success().event)


def test_an_idle_worker_notices_with_its_next_lease(url: str) -> None:
    listener = Listener()
    with opened(url) as ledger:
        ledger.claim(asking())
        ledger.watch(listener)
        with read_only(url):
            wait_for(lambda: len(listener.reports) >= 2, "a pause without a command")
        wait_for(lambda: not ledger._commits.away, "a commit that goes well by itself")


def test_at_a_start_it_is_waited_for(url: str) -> None:
    with read_only(url), pytest.raises(LedgerUnavailable, match="read-only"), opened(url):
        pass
    with opened(url) as ledger:
        assert isinstance(ledger.claim(asking()), Fresh)


def test_doctor_says_that_it_is_read_only(url: str) -> None:
    with read_only(url):
        facts = look_at_ledger(url, IDENTITY, ())
    assert facts.read_only
    found = diagnose(Facts(DEFAULTS, ledger=facts)).findings
    assert any(each.rule is Rule.LEDGER_REACHED and "read-only" in each.text for each in found)


def test_of_two_servers_the_one_that_can_be_written_to_is_used(url: str) -> None:
    here = make_url(url)
    with session_database() as standby:
        typed(standby.url, f"ALTER ROLE CURRENT_USER PASSWORD '{here.password}'")
        there = make_url(standby.url).set(password=here.password).render_as_string(hide_password=False)
        ports = f"host=127.0.0.1:{make_url(there).port}&host=127.0.0.1:{here.port}"
        both = f"postgresql+psycopg://{here.username}:{here.password}@/{here.database}?{ports}"
        with read_only(there), opened(both) as ledger:
            assert isinstance(ledger.claim(asking()), Fresh)
