"""Who may open a SQLite ledger, what it leaves on the disk, and what is said to those who may not."""

import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import IDENTITY, asking, success, token_of
from tests.support.servers import python_process
from worker.domain.claims import Done, Fresh
from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.maintenance import adopt_ledger

_HOLDER = """
import signal, sys
from pathlib import Path
from tests.support.ledger_opening import opened
with opened(sys.argv[1]):
    print("open", flush=True)
    signal.pause()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return url_in(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def alter(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_only_the_owner_can_read_the_ledgers_files(url: str, path: Path) -> None:
    with opened(url) as ledger:
        ledger.claim(asking())
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}

    assert modes == dict.fromkeys(["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"], 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_committed_is_there_after_a_restart(url: str) -> None:
    with opened(url) as ledger:
        ledger.record(token_of(ledger.claim(asking())), success())

    with opened(url) as ledger:
        assert ledger.claim(asking()) == Done(success().event)


def test_every_commit_waits_for_the_disk(url: str) -> None:
    with opened(url) as ledger:
        ledger.claim(asking())
        connection = ledger._writer._commits._writer_connection._connection  # type: ignore[attr-defined]  # its insides, on purpose
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]

    assert pragmas == [2, "wal"]


def test_a_second_worker_is_refused_and_learns_who_has_it(url: str) -> None:
    with python_process(_HOLDER, url) as holder:
        assert holder.next_line() == "open"
        with pytest.raises(LedgerRefused, match=rf"in use by process {holder.pid}\b"), opened(url):
            pass


def test_a_worker_that_was_killed_leaves_the_ledger_free(url: str) -> None:
    with python_process(_HOLDER, url) as holder:
        assert holder.next_line() == "open"
        holder.kill()
        with opened(url) as ledger:
            assert isinstance(ledger.claim(asking()), Fresh)


def test_a_closed_ledger_is_free_and_closing_twice_is_fine(url: str) -> None:
    with opened(url) as ledger:
        ledger.stop()
        with opened(url) as other:
            ledger.stop()
            assert other.alive
            with pytest.raises(LedgerRefused, match=str(os.getpid())), opened(url):
                pass


def test_a_closed_ledger_takes_nothing_more(url: str) -> None:
    with opened(url) as ledger:
        ledger.stop()

        assert not ledger.alive
        assert not ledger.lease_holds()
        with pytest.raises(LedgerUnavailable):
            ledger.claim(asking())


def test_a_schema_newer_than_the_worker_is_refused(url: str, path: Path) -> None:
    with opened(url):
        pass
    alter(path, "UPDATE ledger_revision SET version_num = '0999'")

    with pytest.raises(LedgerRefused, match=r"revision 0999, newer than .* up to 0005: start the version"), opened(url):
        pass
    with pytest.raises(LedgerRefused, match="0999"), opened(url):
        pass


def test_tables_that_no_ledger_made_are_left_alone(url: str, path: Path) -> None:
    path.parent.mkdir()
    alter(path, "CREATE TABLE commands (x)")

    with pytest.raises(LedgerRefused, match="tables called commands"), opened(url):
        pass


def test_a_file_that_is_no_database_is_refused(url: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("Dear diary, today I wrote a file that is no database at all. " * 20)

    with pytest.raises(LedgerRefused, match="cannot serve as a ledger"), opened(url):
        pass


@pytest.mark.parametrize(
    "change",
    [
        {"vhost": "other"},
        {"prefix": "other"},
        {"provider_login": "other"},
        {"provider_base_url": "http://other"},
    ],
)
def test_the_ledger_of_another_worker_is_refused(url: str, change: dict[str, str]) -> None:
    with opened(url):
        pass

    with pytest.raises(LedgerRefused) as caught, opened(url, replace(IDENTITY, **change)):  # type: ignore[arg-type]  # one field each
        pass
    assert all(word in str(caught.value) for word in (*change.values(), "'provisioning'", "ledger adopt"))


def test_another_edition_of_the_same_provider_is_no_other_worker(url: str) -> None:
    with opened(url) as ledger:
        ledger.record(token_of(ledger.claim(asking())), success())

    with opened(url, replace(IDENTITY, provider_edition="distributor")) as ledger:
        assert ledger.claim(asking()) == Done(success().event)


def test_an_adopted_ledger_belongs_to_its_new_worker(url: str) -> None:
    with opened(url) as ledger:
        ledger.record(token_of(ledger.claim(asking())), success())
    successor = replace(IDENTITY, vhost="/heir")
    adopt_ledger(url, successor)

    with opened(url, successor) as ledger:
        assert ledger.claim(asking()) == Done(success().event)
    with pytest.raises(LedgerRefused), opened(url):
        pass


def test_a_ledger_at_work_cannot_be_adopted(url: str) -> None:
    with opened(url) as ledger:
        with pytest.raises(LedgerRefused, match="in use"):
            adopt_ledger(url, IDENTITY)
        assert ledger.alive


def test_a_ledger_written_with_a_key_that_is_gone_is_refused(url: str) -> None:
    with opened(url, replace(IDENTITY, key_marks=("old",))):
        pass

    with pytest.raises(LedgerRefused, match="Put the old key back"), opened(url, replace(IDENTITY, key_marks=("new",))):
        pass


def test_keys_may_be_turned_over_one_by_one(url: str) -> None:
    for marks in [("a",), ("b", "a"), ("b",), ("c", "b")]:
        with opened(url, replace(IDENTITY, key_marks=marks)) as ledger:
            assert ledger.alive


def test_a_refused_ledger_can_be_opened_by_the_right_worker_at_once(url: str) -> None:
    with opened(url):
        pass
    with pytest.raises(LedgerRefused), opened(url, replace(IDENTITY, prefix="other")):
        pass

    with opened(url) as ledger:
        assert ledger.alive
