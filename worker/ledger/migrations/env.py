"""Run by Alembic for every migration, on the connection (and in the transaction) that our own code hands over."""

from alembic import context

from worker.ledger.migrations.revision import VERSION_TABLE
from worker.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
