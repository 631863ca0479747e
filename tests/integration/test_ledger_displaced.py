"""The file of a SQLite ledger is moved, removed, replaced or cut under the running worker, as by a backup tool."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import CIPHER, asking, parked_work, success, token_of
from tests.support.waiting import wait_for
from worker.domain.claims import Done, Fresh
from worker.errors import LedgerRefused, LedgerUnavailable

_BEFORE = 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def copy_of(path: Path, name: str = "copy.db") -> Path:
    """Make a whole copy, as SQLite's own backup does."""
    copy = path.with_name(name)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def remove(path: Path) -> None:
    path.unlink()


def move_away(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def rename_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replace_by_a_copy(path: Path) -> None:
    copy_of(path).replace(path)


def cut(path: Path) -> None:
    os.truncate(path, 8192)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove_the_log(path: Path) -> None:
    beside(path, "-wal").unlink()


def remove_the_index_of_the_log(path: Path) -> None:
    beside(path, "-shm").unlink()


def replace_the_log(path: Path) -> None:
    log = beside(path, "-wal")
    Path(shutil.copy(log, f"{log}.copy")).replace(log)


def remove_the_lock(path: Path) -> None:
    beside(path, ".lock").unlink()


KINDS = [
    remove,
    move_away,
    rename_the_folder,
    replace_by_a_copy,
    cut,
    empty,
    remove_the_log,
    remove_the_index_of_the_log,
    replace_the_log,
    remove_the_lock,
]


def stopped(ledger: BlockingLedger) -> bool:
    return not ledger.alive and not ledger.lease_holds()


@pytest.mark.parametrize("strike", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_more_is_acknowledged_and_the_process_ends(
    tmp_path: Path, path: Path, strike: Callable[[Path], None]
) -> None:
    with opened(url_in(tmp_path)) as ledger:
        token = token_of(ledger.claim(asking()))
        strike(path)

        with pytest.raises(LedgerUnavailable, match="Put the file back"):
            ledger.record(token, success())
        with pytest.raises(LedgerUnavailable):
            ledger.parking_store(CIPHER).park([parked_work()])
        wait_for(lambda: stopped(ledger), "the writer's end")
        assert str(path.parent) in str(ledger.fault)


def test_an_idle_worker_notices_with_its_next_lease(tmp_path: Path, path: Path) -> None:
    with opened(url_in(tmp_path)) as ledger:
        ledger.claim(asking())
        path.unlink()

        wait_for(lambda: stopped(ledger), "the writer's end")


def test_a_file_whose_link_leads_elsewhere_is_another_file(tmp_path: Path) -> None:
    first, second, link = (tmp_path / name for name in ("first.db", "second.db", "link.db"))
    link.symlink_to(first)
    first.touch(0o600)
    with opened(f"sqlite:///{link}") as ledger:
        ledger.claim(asking())
        copy_of(first, "second.db")
        (tmp_path / "new").symlink_to(second)
        (tmp_path / "new").replace(link)

        with pytest.raises(LedgerUnavailable, match="another file"):
            ledger.claim(asking("evt_2"))


@pytest.mark.parametrize("strike", [move_away, rename_the_folder, remove_the_log, remove_the_lock])
def test_what_was_acknowledged_is_there_when_the_file_is_back(
    tmp_path: Path, path: Path, strike: Callable[[Path], None]
) -> None:
    with opened(url_in(tmp_path)) as ledger:
        for number in range(_BEFORE):
            ledger.record(token_of(ledger.claim(asking(f"evt_{number}"))), success(f"event_{number}"))
        strike(path)
        with pytest.raises(LedgerUnavailable):
            ledger.claim(asking("late"))

    for moved, home in ((path.with_name("moved.db"), path), (tmp_path / "elsewhere", path.parent)):
        if moved.exists():
            moved.rename(home)
    with opened(url_in(tmp_path)) as ledger:
        for number in range(_BEFORE):
            assert ledger.claim(asking(f"evt_{number}")) == Done(success(f"event_{number}").event)
        # It may be on disk though no caller knows: whoever comes again looks before it writes.
        assert not isinstance(ledger.claim(asking("late", redelivered=True)), Fresh)


def test_a_ledger_that_is_gone_is_not_made_anew_at_the_next_start(tmp_path: Path, path: Path) -> None:
    beside(path, ".keys").parent.mkdir()
    with opened(url_in(tmp_path)) as ledger:
        beside(path, ".keys").write_text("key")
        ledger.claim(asking())
        move_away(path)
        wait_for(lambda: stopped(ledger), "the writer's end")

    with pytest.raises(LedgerRefused, match="from a backup"), opened(url_in(tmp_path)):
        pass
    assert not path.exists()


def test_a_ledger_in_use_by_others_as_well_is_not_taken_for_another(tmp_path: Path, path: Path) -> None:
    with opened(url_in(tmp_path)) as ledger:
        for number in range(30):
            with closing(sqlite3.connect(path)) as reader:
                assert reader.execute("SELECT count(*) FROM commands").fetchone() == (number,)
            if number % 10 == 0:
                copy_of(path).unlink()
                with closing(sqlite3.connect(path, isolation_level=None)) as other:
                    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ledger.claim(asking(f"evt_{number}"))
        ledger._commits.break_off()
        assert ledger.alive
