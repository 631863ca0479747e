"""The first schema: commands, their attempts and refusals, who works, what is paused, and dead letters."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table. There is no way back from here: going back would forget what was done."""
    _commands()
    _tries()
    _refusals()
    _owners()
    _pauses()
    _identity()
    _replays()
    _dead_letters()


def _row_number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False)


def _needed(name: str, kind: sa.types.TypeEngine[Any], default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, server_default=None if default is None else sa.text(default), nullable=False)


def _commands() -> None:
    op.create_table(
        "commands",
        *_identifying_columns(),
        *_history_columns(),
        *_ending_columns(),
        sa.PrimaryKeyConstraint("arrival", name="pk_commands"),
        sa.UniqueConstraint("id", "source", name="uq_commands_id_source"),
        sa.CheckConstraint("state IN ('claimed', 'waiting', 'done', 'dead')", name=op.f("ck_commands_state")),
        sa.CheckConstraint(
            "(state IN ('done', 'dead')) = (finished_at IS NOT NULL)", name=op.f("ck_commands_finished")
        ),
        sa.CheckConstraint("(state = 'dead') = (letter_id IS NOT NULL)", name=op.f("ck_commands_letter")),
    )
    op.create_index("ix_commands_username", "commands", ["username"])
    _index_where("ix_commands_unfinished", "owner", "finished_at IS NULL")
    _index_where("ix_commands_finished_at", "finished_at", "finished_at IS NOT NULL")


def _index_where(name: str, column: str, condition: str) -> None:
    op.create_index(name, "commands", [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def _identifying_columns() -> list[sa.Column[Any]]:
    return [
        _row_number("arrival"),
        _needed("source", sa.Text()),
        _needed("id", sa.Text()),
        _needed("type", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("username", sa.Text()),
        _needed("fingerprint", sa.LargeBinary()),
        _needed("generation", sa.Integer(), "0"),
        _needed("lanes", sa.Text()),
    ]


def _history_columns() -> list[sa.Column[Any]]:
    return [
        _needed("state", sa.String(8)),
        _needed("owner", sa.String(32)),
        _needed("token", sa.String(64)),
        _needed("begun", sa.Boolean()),
        _needed("tries", sa.Integer(), "0"),
        _needed("attempts", sa.Integer(), "0"),
        _needed("provisional", sa.Integer(), "0"),
        sa.Column("provisional_at", sa.Float(53)),
        _needed("seconds_used", sa.Float(53), "0"),
        sa.Column("not_before", sa.Float(53)),
        sa.Column("first_failed_at", sa.Float(53)),
        _needed("crashes", sa.Integer(), "0"),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
    ]


def _ending_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("event_id", sa.Text()),
        sa.Column("event_type", sa.Text()),
        sa.Column("event_body", sa.LargeBinary()),
        sa.Column("letter_id", sa.Text()),
        sa.Column("letter_reason", sa.String(32)),
        sa.Column("letter_headers", sa.Text()),
        _needed("first_seen_at", sa.Float(53)),
        sa.Column("finished_at", sa.Float(53)),
    ]


def _tries() -> None:
    op.create_table(
        "tries",
        _row_number("position"),
        _needed("command_id", sa.Text()),
        _needed("command_source", sa.Text()),
        _needed("number", sa.Integer()),
        _needed("at", sa.Float(53)),
        _needed("cause", sa.Text()),
        _needed("detail", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="pk_tries"),
        sa.ForeignKeyConstraint(
            ["command_id", "command_source"],
            ["commands.id", "commands.source"],
            name="fk_tries_commands",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_tries_command_id_command_source", "tries", ["command_id", "command_source"])


def _refusals() -> None:
    op.create_table(
        "refusals",
        _needed("id", sa.Text()),
        sa.Column("command_id", sa.Text()),
        _needed("letter_id", sa.Text()),
        _needed("letter_reason", sa.String(32)),
        _needed("letter_headers", sa.Text()),
        sa.Column("event_id", sa.Text()),
        sa.Column("event_type", sa.Text()),
        sa.Column("event_body", sa.LargeBinary()),
        _needed("at", sa.Float(53)),
        sa.PrimaryKeyConstraint("id", name="pk_refusals"),
    )
    op.create_index("ix_refusals_command_id", "refusals", ["command_id"])
    op.create_index("ix_refusals_at", "refusals", ["at"])


def _owners() -> None:
    op.create_table(
        "owners",
        _needed("owner", sa.String(32)),
        _needed("host", sa.Text()),
        _needed("pid", sa.Integer()),
        _needed("lease_until", sa.Float(53)),
        _needed("started_at", sa.Float(53)),
        sa.Column("stopped_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("owner", name="pk_owners"),
    )


def _pauses() -> None:
    op.create_table(
        "pauses",
        _needed("cause", sa.String(32)),
        _needed("scope", sa.Text()),
        _needed("since", sa.Float(53)),
        sa.Column("until", sa.Float(53)),
        _needed("detail", sa.Text()),
        sa.PrimaryKeyConstraint("cause", "scope", name="pk_pauses"),
    )


def _identity() -> None:
    op.create_table(
        "identity",
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        _needed("vhost", sa.Text()),
        _needed("prefix", sa.Text()),
        _needed("provider_login", sa.Text()),
        _needed("provider_base_url", sa.Text()),
        _needed("provider_edition", sa.Text()),
        sa.Column("key_mark", sa.Text()),
        sa.PrimaryKeyConstraint("row", name="pk_identity"),
        sa.CheckConstraint('"row" = 1', name=op.f("ck_identity_single")),
    )


def _replays() -> None:
    op.create_table(
        "replays",
        _needed("id", sa.Text()),
        _needed("state", sa.String(16)),
        _needed("note", sa.Text(), "''"),
        _needed("created_at", sa.Float(53)),
        sa.Column("finished_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("id", name="pk_replays"),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        _needed("id", sa.Text()),
        sa.Column("command_source", sa.Text()),
        sa.Column("command_id", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("subject", sa.Text()),
        _needed("generation", sa.Integer(), "0"),
        _needed("reason", sa.String(32)),
        _needed("detail", sa.Text()),
        _needed("state", sa.String(16)),
        _needed("body", sa.LargeBinary()),
        _needed("properties", sa.Text()),
        _needed("headers", sa.Text()),
        _needed("failed_at", sa.Float(53)),
        _needed("moved_at", sa.Float(53)),
        sa.Column("closed_at", sa.Float(53)),
        sa.Column("replay_id", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.ForeignKeyConstraint(["replay_id"], ["replays.id"], name="fk_dead_letters_replays"),
    )
    op.create_index("ix_dead_letters_state_reason_failed_at", "dead_letters", ["state", "reason", "failed_at"])
    op.create_index("ix_dead_letters_command_id_command_source", "dead_letters", ["command_id", "command_source"])
