"""Brings the schema up to date, and refuses one that this version of the worker does not know."""

from sqlalchemy import Connection, Engine, Index, inspect
from sqlalchemy.schema import CreateIndex, CreateTable

from worker.errors import LedgerRefused
from worker.ledger.migrations.revision import NEWEST, REVISIONS, revision_of, versions
from worker.ledger.schema import metadata


def migrate(engine: Engine) -> None:
    """Make or upgrade the tables, all steps in one transaction; does nothing when they are up to date.

    Raises LedgerRefused when the schema is newer than this worker, or is nobody's.
    """
    with engine.begin() as connection:
        found = revision_of(connection)
        if found == NEWEST:
            return
        _refuse_unknown(connection, found)
        if found is None and connection.dialect.name == "sqlite":
            _make(connection)
        else:
            _upgrade(connection)


def check_schema(engine: Engine) -> None:
    """Look only. Raises LedgerRefused when the schema is newer or older than this worker, or is not there at all."""
    with engine.connect() as connection:
        found = revision_of(connection)
        if found == NEWEST:
            return
        _refuse_unknown(connection, found)
    raise LedgerRefused(
        f"The ledger's schema is at revision {found or 'none'}, this worker needs {NEWEST}: "
        "run `provisioning-worker ledger migrate`."
    )


def _make(connection: Connection) -> None:
    """Make all tables at once, as they are after the last step. A server's tables get their vacuum settings."""
    for table in (*metadata.sorted_tables, versions):
        connection.execute(CreateTable(table))
        # Of two that fit SQLite takes the one made last: those of a few rows come last, and always in the same order.
        for index in sorted(table.indexes, key=lambda index: (_is_partial(index), str(index.name))):
            connection.execute(CreateIndex(index))
    connection.execute(versions.insert().values(version_num=NEWEST))


def _is_partial(index: Index) -> bool:
    return index.dialect_options["sqlite"]["where"] is not None


def _upgrade(connection: Connection) -> None:
    # A running worker never comes here, so nothing is imported late in it.
    from worker.ledger.migrations.with_alembic import upgrade  # noqa: PLC0415 - see worker/ledger/migrations/revision.py

    if connection.dialect.name == "postgresql":
        # A worker's statement may take seconds; an index over millions of rows takes longer.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        # Versions before 17 do not have it.
        connection.exec_driver_sql(
            "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'"
        )
    upgrade(connection)


def _refuse_unknown(connection: Connection, found: str | None) -> None:
    if found is None:
        _refuse_foreign_tables(connection)
    elif found not in REVISIONS:
        raise LedgerRefused(
            f"The ledger's schema is at revision {found}, newer than this worker, which knows up to {NEWEST}: start "
            "the version that wrote it (or a later one), or name another ledger in PROVISIONING_LEDGER__URL."
        )


def _refuse_foreign_tables(connection: Connection) -> None:
    taken = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if taken:
        raise LedgerRefused(
            f"The database already has tables called {', '.join(taken)} that no ledger made: name another one in "
            "PROVISIONING_LEDGER__URL."
        )
