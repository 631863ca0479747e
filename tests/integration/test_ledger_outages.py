"""A database that is full, read-only, busy or away: callers hear of it, nothing is half done, and it goes on."""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from sqlalchemy import Connection, NullPool, create_engine, event, make_url

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_rigs import SqlRig, empty_database
from tests.support.ledger_samples import asking, success, token_of
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from worker.domain.claims import Done, Fresh
from worker.domain.endings import Ending
from worker.errors import LedgerUnavailable
from worker.ledger.migrations.migrate import migrate
from worker.ledger.operations.transaction import Unit
from worker.ledger.write.commits import Commits


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[BlockingLedger]:
    with opened(url_in(tmp_path)) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    with session_database() as server:
        yield server


@pytest.fixture
def database(server: PrivatePostgres) -> PrivatePostgres:
    empty_database(server.url)
    migrate(create_engine(server.url, poolclass=NullPool))
    return server


class Spell:
    """A pragma that every transaction of a ledger begins with."""

    def __init__(self, ledger: BlockingLedger, pragma: str) -> None:
        self.pragma = pragma
        event.listen(ledger._store.engine, "begin", self._cast)

    def _cast(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(self.pragma)
        cursor.close()


class Listener:
    """Keeps what is reported of outages."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[str] = SimpleQueue()

    def __call__(self, detail: str) -> None:
        self.reports.put(detail)


def bulky() -> Ending:
    """End with an event for which the file must grow."""
    return replace(success(), event=replace(success().event, body=b"x" * 500_000))


def test_a_full_disk_fails_the_record_and_nothing_of_it_is_kept(ledger: BlockingLedger) -> None:
    token = token_of(ledger.claim(asking()))
    spell = Spell(ledger, "PRAGMA max_page_count = 1")

    with pytest.raises(LedgerUnavailable, match="full"):
        ledger.record(token, bulky())
    spell.pragma = "PRAGMA max_page_count = 1000000"
    ledger.record(token, success())
    assert ledger.claim(asking()) == Done(success().event)


def test_a_ledger_that_became_read_only_is_unavailable_until_it_is_writable_again(ledger: BlockingLedger) -> None:
    spell = Spell(ledger, "PRAGMA query_only = 1")

    with pytest.raises(LedgerUnavailable, match="readonly"):
        ledger.claim(asking())
    spell.pragma = "PRAGMA query_only = 0"
    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_lock_that_stays_is_waited_for_a_bounded_time(ledger: BlockingLedger, tmp_path: Path) -> None:
    locker = sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")

    with pytest.raises(LedgerUnavailable, match="locked"):
        ledger.claim(asking())
    locker.execute("ROLLBACK")
    locker.close()
    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_lock_that_passes_is_waited_out_and_is_what_the_watchdog_reports_meanwhile(tmp_path: Path) -> None:
    with opened(url_in(tmp_path), patience_seconds=30) as ledger, ThreadPoolExecutor(1) as pool:
        locker = sqlite3.connect(tmp_path / "state" / "ledger.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        commits = ledger._writer._commits
        assert isinstance(commits, Commits)
        claiming = pool.submit(ledger.claim, asking())
        trouble = wait_for(lambda: commits.progress.trouble, "word of the lock")
        assert "locked" in trouble
        assert not claiming.done()
        locker.execute("ROLLBACK")
        locker.close()

        assert isinstance(claiming.result(60), Fresh)
        assert (commits._away_since, commits.progress.trouble) == (None, "")


def end_the_thread(_: Unit, items: Sequence[None]) -> Sequence[None]:
    raise SystemExit(len(items))


def test_a_ledger_whose_writer_died_forbids_every_write(ledger: BlockingLedger) -> None:
    with pytest.raises(LedgerUnavailable, match="writer has ended"):
        ledger._writer.submit(end_the_thread, None, None).result(60)
    ledger._writer._thread.join(60)

    assert not ledger.alive
    assert not ledger.lease_holds()
    with pytest.raises(LedgerUnavailable):
        ledger.claim(asking())


def test_a_lease_that_cannot_be_renewed_runs_out_and_comes_back(tmp_path: Path) -> None:
    rig = SqlRig(url_in(tmp_path), shared=False)
    ledger = rig.start()
    spell = Spell(ledger, "PRAGMA query_only = 1")
    rig.clock.advance(16)
    with pytest.raises(LedgerUnavailable):
        ledger.claim(asking())
    assert not ledger.lease_holds()

    spell.pragma = "PRAGMA query_only = 0"
    ledger.claim(asking())
    assert ledger.lease_holds()
    rig.clear()


def test_an_outage_is_reported_again_and_again_though_nobody_asks_any_more(ledger: BlockingLedger) -> None:
    listener = Listener()
    ledger.watch(listener)
    spell = Spell(ledger, "PRAGMA query_only = 1")
    with pytest.raises(LedgerUnavailable):
        ledger.claim(asking())
    for _ in range(3):
        assert "readonly" in listener.reports.get(timeout=60)

    spell.pragma = "PRAGMA query_only = 0"
    wait_for(lambda: not ledger._commits.away, "a commit that goes well by itself")
    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_ledger_that_is_well_is_not_worth_a_word(ledger: BlockingLedger) -> None:
    listener = Listener()
    ledger.watch(listener)
    ledger.record(token_of(ledger.claim(asking())), success())

    with pytest.raises(Empty):
        listener.reports.get_nowait()


def test_a_database_that_is_gone_is_unavailable_until_it_is_back(database: PrivatePostgres) -> None:
    with opened(database.url) as ledger:
        token = token_of(ledger.claim(asking()))
        database.kill()
        with pytest.raises(LedgerUnavailable):
            ledger.record(token, success())
        assert ledger.alive

        database.start()
        ledger.record(token, success())
        assert ledger.claim(asking()) == Done(success().event)


def test_a_short_restart_of_the_database_is_not_even_noticed(database: PrivatePostgres) -> None:
    with opened(database.url, patience_seconds=60) as ledger:
        token = token_of(ledger.claim(asking()))
        database.restart()

        ledger.record(token, success())
        assert ledger.claim(asking()) == Done(success().event)


def test_a_database_that_is_not_there_at_the_start_is_unavailable(server: PrivatePostgres) -> None:
    url = make_url(server.url)
    nobody = url.set(port=1).render_as_string(hide_password=False)

    with pytest.raises(LedgerUnavailable, match="cannot be read or written now") as caught, opened(nobody):
        pass
    assert str(url.password) not in str(caught.value)
