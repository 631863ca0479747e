"""Commands that lie in the ledger until their turn comes, and the lanes that each of them keeps its place in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make two tables that are almost always empty."""
    _parked()
    _parked_lanes()


def _parked() -> None:
    op.create_table(
        "parked",
        sa.Column("position", _ROW_NUMBER, sa.Identity(), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("command_source", sa.Text()),
        sa.Column("command_id", sa.Text()),
        sa.Column("lanes", sa.Text(), nullable=False),
        sa.Column("login", sa.String(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("parked_at", sa.Float(53), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("position", name="pk_parked"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_parked_owner", "parked", ["owner"])
    op.create_index("ix_parked_command_id_command_source", "parked", ["command_id", "command_source"])


def _parked_lanes() -> None:
    op.create_table(
        "parked_lanes",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("position", _ROW_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("lane", "position", name="pk_parked_lanes"),
        sa.ForeignKeyConstraint(["position"], ["parked.position"], name="fk_parked_lanes_parked", ondelete="CASCADE"),
    )
    op.create_index("ix_parked_lanes_position", "parked_lanes", ["position"])
