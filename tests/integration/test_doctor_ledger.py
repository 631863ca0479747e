"""Faults planted in real ledgers are found, beside a running worker and without changing anything."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Column, Engine, MetaData, NullPool, String, Table, create_engine, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.doctoring import DEFAULTS
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import IDENTITY
from tests.support.servers import python_process
from worker.doctor import Finding, Rule, diagnose
from worker.doctor.facts import Facts, LedgerFacts, SchemaState
from worker.ledger.config import LedgerIdentity
from worker.ledger.keyfile import load_keys
from worker.ledger.keys import fingerprinter
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.migrations.revision import VERSION_TABLE
from worker.ledger.migrations.with_alembic import upgrade
from worker.ledger.read.checkup import look_at_ledger

_HOLD = """
import sys
import threading
from pathlib import Path
from worker.ledger.stores.lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
print("held", flush=True)
threading.Event().wait()
"""


_VERSION = Table(VERSION_TABLE, MetaData(), Column("version_num", String))


def marked(url: str, keys: tuple[str, ...] = ()) -> LedgerIdentity:
    """Whose the ledger is, with the keys that are set, or those of the file beside it."""
    return replace(IDENTITY, key_marks=fingerprinter(keys or load_keys((), url)).marks)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite ledger that a worker has used, with its generated key."""
    url = url_in(tmp_path)
    with opened(url, marked(url)):
        pass
    return url


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def findings(facts: LedgerFacts) -> list[Finding]:
    """What is found beyond what is true of every test's database: it does not wait for the disk."""
    return list(diagnose(Facts(DEFAULTS, ledger=replace(facts, unsafe_settings=()))).findings)


def the_one(url: str, identity: LedgerIdentity = IDENTITY, keys: tuple[str, ...] = ()) -> Finding:
    found = findings(look_at_ledger(url, identity, keys))
    assert len(found) == 1, [each.text for each in found]
    return found[0]


def state_of(folder: Path) -> dict[str, bytes]:
    """What lies there, but for the two files through which SQLite's readers and writers know of one another."""
    lying = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: path.read_bytes() for path in lying if not path.name.endswith(("-wal", "-shm"))}


def at_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(_VERSION.update().values(version_num=revision))


def test_a_ledger_in_order_has_no_findings_and_is_left_as_it_was(url: str, tmp_path: Path) -> None:
    before = state_of(tmp_path)

    facts = look_at_ledger(url, IDENTITY, ())

    assert findings(facts) == []
    assert (facts.schema, facts.keys_fit, facts.differences) == (SchemaState.CURRENT, True, ())
    assert state_of(tmp_path) == before


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    facts = look_at_ledger(url_in(tmp_path), IDENTITY, ())

    assert (facts.there, facts.readable, findings(facts)) == (False, False, [])
    assert state_of(tmp_path) == {}


def test_a_ledger_of_a_newer_worker_is_reported(url: str) -> None:
    at_revision(create_engine(url, poolclass=NullPool), "9999")

    finding = the_one(url)

    assert finding.rule is Rule.LEDGER_SCHEMA
    assert "9999, newer" in finding.text


def test_an_older_schema_is_seen(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/old.db", poolclass=NullPool)
    (tmp_path / "old.db.keys").write_bytes(Fernet.generate_key())
    with engine.begin() as connection:
        upgrade(connection, "0001")

    facts = look_at_ledger(f"sqlite:///{tmp_path}/old.db", IDENTITY, ())

    assert (facts.schema, facts.revision) == (SchemaState.OLDER, "0001")


def test_tables_that_no_ledger_made_are_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE commands (id TEXT)"))
    (tmp_path / "theirs.db").chmod(0o600)

    assert Rule.LEDGER_SCHEMA in {each.rule for each in findings(look_at_ledger(url, IDENTITY, ()))}


def test_another_workers_ledger_is_reported_with_what_differs(url: str) -> None:
    finding = the_one(url, replace(IDENTITY, prefix="other", provider_login="somebody"))

    assert (finding.rule, finding.mend) == (Rule.LEDGER_OWNER, "provisioning-worker ledger adopt")
    assert "prefix ('provisioning' there, 'other' here)" in finding.text
    assert "provider login ('reseller' there, 'somebody' here)" in finding.text


def test_a_key_that_is_not_the_ledgers_is_reported(url: str) -> None:
    stranger = Fernet.generate_key().decode()

    finding = the_one(url, keys=(stranger,))

    assert finding.rule is Rule.LEDGER_KEYS
    assert stranger not in str(finding)
    assert findings(look_at_ledger(url, IDENTITY, (stranger, *load_keys((), url)))) == []


def test_a_key_file_that_is_gone_is_reported_and_not_made(url: str) -> None:
    keys = path_of(url).with_name("ledger.db.keys")
    keys.unlink()

    assert the_one(url).rule is Rule.LEDGER_KEYS
    assert not keys.exists()


def test_files_that_others_can_read_are_reported_and_closed_by_the_line(url: str) -> None:
    keys = path_of(url).with_name("ledger.db.keys")
    keys.chmod(0o644)

    finding = the_one(url)

    assert (finding.rule, finding.mend) == (Rule.LEDGER_FILE_MODES, f"chmod 600 {keys}")
    keys.chmod(stat.S_IMODE(0o600))
    assert findings(look_at_ledger(url, IDENTITY, ())) == []


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"nothing of the kind" * 100)
    (tmp_path / "no.db").chmod(0o600)

    assert Rule.LEDGER_REACHED in {
        each.rule for each in findings(look_at_ledger(f"sqlite:///{tmp_path}/no.db", IDENTITY, ("x",)))
    }


def test_the_process_that_holds_a_sqlite_ledger_is_seen(url: str) -> None:
    lock = path_of(url).with_name("ledger.db.lock")
    before = look_at_ledger(url, IDENTITY, ()).sqlite
    with python_process(_HOLD, str(lock)) as holder:
        assert holder.next_line() == "held"
        seen = look_at_ledger(url, IDENTITY, ()).sqlite
        assert seen is not None
        assert seen.holder == holder.pid

    assert before is not None
    assert before.holder == 0


def test_a_postgres_ledger_is_reported_with_what_it_lacks_until_it_has_it(database: PrivatePostgres) -> None:
    empty_database(database.url)
    keys = (Fernet.generate_key().decode(),)
    assert the_one(database.url, keys=keys).mend == "provisioning-worker ledger migrate"

    migrate_ledger(database.url)
    with opened(database.url, marked(database.url, keys)):
        facts = look_at_ledger(database.url, IDENTITY, keys)

    assert findings(facts) == []
    assert the_one(database.url).rule is Rule.LEDGER_KEYS
    assert database.url.split(":")[2].split("@")[0] not in str(facts)


def test_a_database_that_does_not_wait_for_the_disk_is_reported_and_how_to_make_it(database: PrivatePostgres) -> None:
    keys = (Fernet.generate_key().decode(),)
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET synchronous_commit = off"))

    facts = look_at_ledger(database.url, IDENTITY, keys)

    # Not synchronous_commit: a worker's own transactions do not go by it.
    assert facts.unsafe_settings == ("fsync", "full_page_writes")
    mends = [each.mend for each in diagnose(Facts(DEFAULTS, ledger=facts)).findings]
    assert all(any(f"ALTER SYSTEM SET {name} = on" in mend for mend in mends) for name in facts.unsafe_settings)
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER RESET synchronous_commit"))


def test_a_ledger_that_is_gone_from_beside_its_key_is_reported(url: str) -> None:
    path_of(url).unlink()

    finding = the_one(url)

    assert (finding.rule, finding.mend) == (Rule.LEDGER_REACHED, f"cp BACKUP {path_of(url)}")
    assert f"{path_of(url)}.keys" in finding.text
    assert not path_of(url).exists()


def test_a_database_that_is_away_is_reported_without_its_password() -> None:
    url = "postgresql+psycopg://ledger:geheim@127.0.0.1:1/postgres"

    facts = look_at_ledger(url, IDENTITY, (Fernet.generate_key().decode(),))

    assert [each.rule for each in findings(facts)] == [Rule.LEDGER_REACHED]
    assert "geheim" not in str(facts)
