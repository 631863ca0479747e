"""What distinguishes a crash from a stop, and which message was being read when it came."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column to a small table, and a table that is almost always empty."""
    op.add_column("owners", sa.Column("died", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "readings",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.String(32)),
        sa.Column("crashes", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_readings"),
    )
