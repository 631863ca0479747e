"""Brings the schema up to date, and refuses one that this version of the worker does not know."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from worker.errors import LedgerRefused
from worker.ledger.schema import metadata

#: Not Alembic's own default: a PostgreSQL database may be shared with a product that uses that name.
VERSION_TABLE = "ledger_revision"


def migrate(engine: Engine) -> None:
    """Make or upgrade the tables, all steps in one transaction; does nothing when they are up to date.

    Raises LedgerRefused when the schema is newer than this worker, or is nobody's.
    """
    config = _config()
    with engine.begin() as connection:
        if _revision(connection) == _newest(config):
            return
        _refuse_unknown(connection, config)
        if connection.dialect.name == "postgresql":
            # A worker's statement may take seconds; an index over millions of rows takes longer.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            # Versions before 17 do not have it.
            connection.exec_driver_sql(
                "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Look only. Raises LedgerRefused when the schema is newer or older than this worker, or is not there at all."""
    config = _config()
    with engine.connect() as connection:
        found = _revision(connection)
        if found == _newest(config):
            return
        _refuse_unknown(connection, config)
    raise LedgerRefused(
        f"The ledger's schema is at revision {found or 'none'}, this worker needs {_newest(config)}: "
        "run `provisioning-worker ledger migrate`."
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "worker.ledger:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _newest(config: Config) -> str:
    return str(ScriptDirectory.from_config(config).get_current_head())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _refuse_unknown(connection: Connection, config: Config) -> None:
    found = _revision(connection)
    if found is None:
        _refuse_foreign_tables(connection)
        return
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise LedgerRefused(
            f"The ledger's schema is at revision {found}, newer than this worker, which knows up to "
            f"{_newest(config)}: start the version that wrote it (or a later one), or name another ledger in "
            "PROVISIONING_LEDGER__URL."
        )


def _refuse_foreign_tables(connection: Connection) -> None:
    taken = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if taken:
        raise LedgerRefused(
            f"The database already has tables called {', '.join(taken)} that no ledger made: name another one in "
            "PROVISIONING_LEDGER__URL."
        )
