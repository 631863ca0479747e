"""Indexes that answer what is asked of one customer in the same time however many commands that customer has."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_IS_CREATE = sa.text("type = 'CreateCustomer'")
# Each command leaves a dead version of its row behind. By default the server sweeps when a fifth of the table is dead,
# which in a ledger of millions is a million entries in the index of the unfinished, where there should be hundreds.
_SWEEP_EARLIER = (
    "ALTER TABLE commands SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)"
)


def upgrade() -> None:
    """Build the new indexes and drop the one they replace; seconds for each million commands."""
    op.create_index("ix_commands_username_arrival", "commands", ["username", "arrival"])
    op.create_index(
        "ix_commands_creates", "commands", ["username"], sqlite_where=_IS_CREATE, postgresql_where=_IS_CREATE
    )
    op.drop_index("ix_commands_username", "commands")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_SWEEP_EARLIER)
