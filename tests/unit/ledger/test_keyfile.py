"""The key file beside a SQLite ledger."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from worker.errors import LedgerRefused, SettingsInvalid
from worker.ledger.keyfile import load_keys
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.stores.opening import open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state/ledger.db"


def key_file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db.keys"


def test_keys_that_were_set_are_used_and_no_file_is_made(url: str, tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()

    assert load_keys([key], url) == (key,)
    assert not key_file(tmp_path).exists()


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(url: str, tmp_path: Path) -> None:
    (key,) = load_keys([], url)

    Fernet(key)
    assert stat.S_IMODE(key_file(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file(tmp_path).parent.stat().st_mode) == 0o700


def test_the_next_start_finds_the_same_key(url: str) -> None:
    assert load_keys([], url) == load_keys([], url)


def test_a_byte_order_mark_is_no_part_of_a_key(url: str, tmp_path: Path) -> None:
    keys = load_keys([], url)
    key_file(tmp_path).write_bytes("\r\n".join(keys).encode("utf-8-sig"))

    assert load_keys([], url) == keys


def test_two_starts_at_once_agree_on_one_key(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: load_keys([], url), range(8)))

    assert len(found) == 1


def test_no_draft_is_left_beside_the_key(url: str, tmp_path: Path) -> None:
    load_keys([], url)

    assert {path.name for path in key_file(tmp_path).parent.iterdir()} == {"ledger.db", "ledger.db.keys"}


def test_a_file_may_hold_several_keys_the_newest_first(url: str, tmp_path: Path) -> None:
    old = load_keys([], url)[0]
    new = Fernet.generate_key().decode()
    key_file(tmp_path).write_text(f"{new}\n{old}\n")

    assert load_keys([], url) == (new, old)


def test_a_damaged_file_is_refused_and_kept(url: str, tmp_path: Path) -> None:
    load_keys([], url)
    key_file(tmp_path).write_text("torn")

    with pytest.raises(SettingsInvalid):
        load_keys([], url)
    assert key_file(tmp_path).read_text() == "torn"


def test_a_ledger_without_its_key_file_gets_no_new_key(url: str, tmp_path: Path) -> None:
    load_keys([], url)
    key_file(tmp_path).unlink()
    (tmp_path / "state" / "ledger.db").write_bytes(b"rows")

    with pytest.raises(LedgerRefused, match="Restore the file"):
        load_keys([], url)


def test_a_first_start_that_broke_off_after_its_key_is_no_lost_ledger(url: str, tmp_path: Path) -> None:
    keys = load_keys([], url)
    open_store(url).release()

    assert (tmp_path / "state" / "ledger.db").stat().st_size == 0
    assert load_keys([], url) == keys


def test_a_key_file_without_its_ledger_is_a_question(url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "state" / "ledger.db"
    load_keys([], url)
    ledger.unlink()

    for start in (lambda: load_keys([], url), lambda: migrate_ledger(url)):
        with pytest.raises(LedgerRefused, match=r"from a backup.*remove .*ledger\.db\.keys"):
            start()
    assert not ledger.exists()
    key_file(tmp_path).unlink()
    assert load_keys([], url)


def test_a_ledger_that_was_emptied_is_a_question_too(url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "state" / "ledger.db"
    load_keys([], url)
    os.utime(key_file(tmp_path), (1, 1))
    ledger.write_bytes(b"")

    with pytest.raises(LedgerRefused, match="is empty, but"):
        load_keys([], url)


def test_a_log_without_its_ledger_is_a_question_too(url: str, tmp_path: Path) -> None:
    log = tmp_path / "state" / "ledger.db-wal"
    log.parent.mkdir()
    log.write_bytes(b"frames")

    with pytest.raises(LedgerRefused, match=r"remove .*ledger\.db-wal"):
        open_store(url)
    assert log.read_bytes() == b"frames"


def test_where_the_keys_are_set_the_lock_reports_that_there_was_a_ledger(url: str, tmp_path: Path) -> None:
    open_store(url).release()
    (tmp_path / "state" / "ledger.db").unlink()

    with pytest.raises(LedgerRefused, match=r"remove .*ledger\.db\.lock"):
        load_keys([Fernet.generate_key().decode()], url)


def test_postgresql_needs_keys_that_are_set() -> None:
    with pytest.raises(SettingsInvalid, match="every replica"):
        load_keys([], "postgresql+psycopg://ledger@127.0.0.1/ledger")
