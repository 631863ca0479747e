"""Runs the migrations: the only module, beside them, that imports Alembic."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to this revision, all steps in the connection's transaction."""
    configured = config()
    configured.attributes["connection"] = connection
    command.upgrade(configured, revision)


def config() -> Config:
    """Where Alembic finds the migrations."""
    found = Config()
    found.set_main_option("script_location", "worker.ledger:migrations")
    found.set_main_option("path_separator", "os")
    return found
