"""The migrations build what the code believes in, on both products."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, event, select, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_opening import SystemClock, opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import asking
from tests.support.ledger_seeds import old_command, old_refusal
from worker.domain.claims import Done, Held, History, Resumed
from worker.domain.result_events import StoredEvent
from worker.errors import LedgerRefused
from worker.ledger.maintenance import migrate_ledger, prune_ledger
from worker.ledger.migrations.migrate import check_schema, migrate
from worker.ledger.migrations.revision import NEWEST, REVISIONS, VERSION_TABLE, versions
from worker.ledger.migrations.with_alembic import config, upgrade
from worker.ledger.read.stats import read_stats
from worker.ledger.schema import commands, failed_attempts, metadata, refusals
from worker.ledger.stores.opening import open_store

_DEFINITIONS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
#: A command of the first schema, put off by a process that is gone.
_OLD_ROW = text(
    "INSERT INTO commands (source, id, type, username, fingerprint, lanes, state, owner, token, begun, tries,"
    " first_seen_at) VALUES ('billing', 'evt_1', 'CreateCustomer', 'ada@example.com', :fingerprint, '[]', 'waiting',"
    " 'owner', 'token', :begun, 3, 1)"
)


@pytest.fixture
def postgres(database: PrivatePostgres) -> Engine:
    empty_database(database.url)
    return create_engine(database.url, poolclass=NullPool)


def file_engine(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def first_schema(engine: Engine, *, begun: bool = False) -> None:
    """Leave behind what the first version of the worker made: its schema, and a command in it."""
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(_OLD_ROW, {"fingerprint": b"a" * 32, "begun": begun})


def rows_of(engine: Engine) -> dict[str, list[object]]:
    """Read what the first schema already knew, table by table."""
    known = [
        commands.c[name] for name in ("arrival", "id", "source", "state", "event_body", "finished_at", "letter_id")
    ]
    with engine.connect() as connection:
        return {
            "commands": list(connection.execute(select(*known).order_by(commands.c.arrival))),
            "tries": list(connection.execute(select(failed_attempts).order_by(failed_attempts.c.position))),
            "refusals": list(connection.execute(select(refusals))),
        }


def definitions(engine: Engine) -> dict[str, list[str]]:
    """Give the definition of every table and index as its parts, their order and their spacing left out."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(_DEFINITIONS)
        return {name: sorted(parts(" ".join(sql.split()))) for name, sql in found}


def parts(sql: str) -> list[str]:
    """Cut a definition at the commas that stand in its outermost brackets."""
    cut, depth = [""], 0
    for dead_letter in sql:
        depth += {"(": 1, ")": -1}.get(dead_letter, 0)
        if dead_letter == "," and depth == 1:
            cut.append("")
        else:
            cut[-1] += dead_letter
    head, _, cut[0] = cut[0].partition("(")
    cut[-1], _, tail = cut[-1].rpartition(")")
    return [head, tail, *map(str.strip, cut)]


def test_a_new_sqlite_ledger_is_made_at_once_as_the_migrations_build_it(tmp_path: Path) -> None:
    migrated, made = file_engine(tmp_path / "migrated.db"), file_engine(tmp_path / "made.db")
    with migrated.begin() as connection:
        upgrade(connection)
    migrate(made)

    assert definitions(made) == definitions(migrated)
    with made.connect() as one, migrated.connect() as other:
        assert one.execute(select(versions)).all() == other.execute(select(versions)).all()


def test_the_revisions_that_are_known_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory.from_config(config())

    assert list(REVISIONS) == [script.revision for script in scripts.walk_revisions()][::-1]
    assert scripts.get_current_head() == NEWEST


def test_postgresql_gets_the_same_tables(postgres: Engine) -> None:
    migrate(postgres)

    with postgres.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = file_engine(tmp_path / "ledger.db")
    migrate(engine)
    before = definitions(engine)
    migrate(engine)

    assert definitions(engine) == before
    check_schema(engine)


def test_a_schema_that_is_not_there_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(LedgerRefused, match="run `provisioning-worker ledger migrate`"):
        check_schema(file_engine(tmp_path / "empty.db"))


def test_a_worker_does_not_migrate_postgresql_by_itself(database: PrivatePostgres) -> None:
    empty_database(database.url)

    with pytest.raises(LedgerRefused, match="ledger migrate"), opened(database.url):
        pass


def test_a_postgresql_migrated_by_its_operator_serves(database: PrivatePostgres) -> None:
    empty_database(database.url)
    migrate_ledger(database.url)

    with opened(database.url) as ledger:
        assert ledger.lease_holds()


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_with_what_it_knows(tmp_path: Path) -> None:
    migrated, made = file_engine(tmp_path / "ledger.db"), file_engine(tmp_path / "made.db")
    first_schema(migrated)
    migrate(made)

    with pytest.raises(LedgerRefused, match="at revision 0001, this worker needs 0005"):
        check_schema(migrated)
    migrate(migrated)

    assert definitions(migrated) == definitions(made)
    with opened(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        claim = ledger.claim(asking())
    assert isinstance(claim, Resumed)
    assert claim.history == History(attempts=3)


def test_a_worker_brings_its_sqlite_ledger_up_to_date_by_itself(tmp_path: Path) -> None:
    engine = file_engine(tmp_path / "ledger.db")
    first_schema(engine, begun=True)

    with opened(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        assert isinstance(ledger.claim(asking()), Resumed)
    check_schema(engine)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either product."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    database: PrivatePostgres = request.getfixturevalue("database")
    empty_database(database.url)
    return database.url


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_every_earlier_schema_is_brought_up_to_date_with_its_rows(url: str, revision: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        upgrade(connection, revision)
    for number in range(50):
        old_command(engine, f"evt_{number}", finished_at=1_000.0 + number)
    old_command(engine, "given up", 1.0, state="dead", letter_id="l", letter_reason="invalid", letter_headers="{}")
    old_refusal(engine, "refused", 1.0)
    before = rows_of(engine)

    with pytest.raises(LedgerRefused, match=f"revision {revision}, this worker needs 0005: run .*ledger migrate"):
        check_schema(engine)
    migrate_ledger(url)

    check_schema(engine)
    assert rows_of(engine) == before
    with opened(url) as ledger:
        claim = ledger.claim(asking("evt_7"))
    assert claim == Done(StoredEvent("event of evt_7", "CustomerCreated", b"{}"))


def test_a_schema_newer_than_the_code_is_refused_by_everything_that_opens_a_ledger(url: str) -> None:
    migrate_ledger(url)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE ledger_revision SET version_num = '9999'"))
    words = r"revision 9999, newer than this worker, which knows up to 0005: start the version that wrote it"

    with pytest.raises(LedgerRefused, match=words), opened(url):
        pass
    with pytest.raises(LedgerRefused, match=words):
        migrate_ledger(url)
    with pytest.raises(LedgerRefused, match=words):
        read_stats(url, 90, SystemClock())
    with pytest.raises(LedgerRefused, match=words):
        prune_ledger(url, 90, SystemClock(), lambda _seconds: False)


def test_a_step_over_millions_of_rows_may_take_longer_than_a_workers_statement(database: PrivatePostgres) -> None:
    empty_database(database.url)
    engine = open_store(database.url).engine
    limits: dict[str, str] = {}

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401  # the driver's
        beside = cursor.connection.cursor()
        limits[" ".join(statement.split()[:2])] = beside.execute("SHOW statement_timeout").fetchone()[0]

    event.listen(engine, "before_cursor_execute", note)
    migrate(engine)

    assert (limits["CREATE TABLE"], limits["CREATE INDEX"]) == ("0", "0")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"


def test_a_postgresql_ledger_of_the_first_schema_waits_for_its_operator(
    database: PrivatePostgres, postgres: Engine
) -> None:
    first_schema(postgres)

    with pytest.raises(LedgerRefused, match="ledger migrate"), opened(database.url):
        pass
    migrate_ledger(database.url)

    with opened(database.url) as ledger:
        assert not isinstance(ledger.claim(asking()), Held)
