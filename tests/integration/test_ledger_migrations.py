"""The migrations build what the code believes in, on both products."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, NullPool, create_engine

from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_opening import opened
from tests.support.ledger_rigs import empty_database
from tests.support.servers import session_database
from worker.errors import LedgerRefused
from worker.ledger.migration import VERSION_TABLE, check_schema, migrate
from worker.ledger.schema import metadata
from worker.ledger.upkeep import migrate_ledger

_DEFINITIONS = "SELECT name, sql FROM sqlite_master WHERE name NOT IN ('ledger_revision') AND sql IS NOT NULL"


@pytest.fixture(scope="module")
def database() -> Iterator[PrivatePostgres]:
    with session_database() as database:
        yield database


@pytest.fixture
def postgres(database: PrivatePostgres) -> Engine:
    empty_database(database.url)
    return create_engine(database.url, poolclass=NullPool)


def file_engine(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def definitions(engine: Engine) -> dict[str, list[str]]:
    """Give the definition of every table and index, the order of its lines left out."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(_DEFINITIONS)
        return {name: sorted(line.strip(" \t,") for line in sql.splitlines()) for name, sql in found}


def test_the_migrations_build_the_very_tables_of_the_schema(tmp_path: Path) -> None:
    migrated, created = file_engine(tmp_path / "migrated.db"), file_engine(tmp_path / "created.db")
    migrate(migrated)
    metadata.create_all(created)

    assert definitions(migrated) == definitions(created)


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
