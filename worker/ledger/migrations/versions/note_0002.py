"""What a handler writes down before its first write, so that the next attempt knows what it finds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column as it is: copying a table of millions of commands would keep a worker from starting."""
    op.add_column("commands", sa.Column("note", sa.Text()))
