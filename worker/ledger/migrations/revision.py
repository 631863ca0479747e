"""Which schema a ledger has, and which ones this worker knows.

Looks without Alembic, which is imported only when there is something to migrate: it takes as long as the database
library itself, and nearly every start finds the schema as it must be.
"""

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

#: Not Alembic's own default: a PostgreSQL database may be shared with a product that uses that name.
VERSION_TABLE = "ledger_revision"
#: In their order, as the migrations beside this module name themselves; a test proves that both agree.
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
NEWEST = REVISIONS[-1]

#: As Alembic makes it.
versions = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None when no ledger was ever made here."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(versions.c.version_num)).scalar_one_or_none()
