"""The tables. Times are epoch seconds; what is JSON is text, because nothing ever searches inside it.

The migrations beside this module build the same tables step by step; a test proves that both agree.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER; PostgreSQL needs eight bytes asked for.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")

commands = Table(
    "commands",
    metadata,
    # The order of arrival is the primary key, so that new rows are appended and the table stays as it was filled; the
    # idempotency key is unique beside it, the id first, because people look for a command by its id alone.
    Column("arrival", RowNumber, Identity(), primary_key=True),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("username", Text),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("lanes", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("token", String(64), nullable=False),
    Column("begun", Boolean, nullable=False),
    # Named before the words were: `tries` holds every attempt, `attempts` the charged ones alone.
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("provisional", Integer, nullable=False, server_default=text("0")),
    Column("provisional_at", Float(53)),
    Column("seconds_used", Float(53), nullable=False, server_default=text("0")),
    Column("not_before", Float(53)),
    Column("first_failed_at", Float(53)),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("alone", Boolean, nullable=False, server_default=false()),
    Column("event_id", Text),
    Column("event_type", Text),
    Column("event_body", LargeBinary),
    Column("letter_id", Text),
    Column("letter_reason", String(32)),
    Column("letter_headers", Text),
    Column("first_seen_at", Float(53), nullable=False),
    Column("finished_at", Float(53)),
    Column("note", Text),
    UniqueConstraint("id", "source"),
    CheckConstraint("state IN ('claimed', 'waiting', 'done', 'dead')", name="state"),
    CheckConstraint("(state IN ('done', 'dead')) = (finished_at IS NOT NULL)", name="finished"),
    CheckConstraint("(state = 'dead') = (letter_id IS NOT NULL)", name="letter"),
)

# What is asked of a customer: its commands after a certain one, and its creates; both found without reading the others.
Index("ix_commands_username_arrival", commands.c.username, commands.c.arrival)
Index(
    "ix_commands_creates",
    commands.c.username,
    sqlite_where=text("type = 'CreateCustomer'"),
    postgresql_where=text("type = 'CreateCustomer'"),
)
# The two halves are indexed apart: what is unfinished is a few hundred rows among millions, and must be found at once.
Index(
    "ix_commands_unfinished",
    commands.c.owner,
    sqlite_where=commands.c.finished_at.is_(None),
    postgresql_where=commands.c.finished_at.is_(None),
)
Index(
    "ix_commands_finished_at",
    commands.c.finished_at,
    sqlite_where=commands.c.finished_at.is_not(None),
    postgresql_where=commands.c.finished_at.is_not(None),
)

failed_attempts = Table(
    "tries",
    metadata,
    Column("position", RowNumber, Identity(), primary_key=True),
    Column("command_id", Text, nullable=False),
    Column("command_source", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    ForeignKeyConstraint(["command_id", "command_source"], ["commands.id", "commands.source"], ondelete="CASCADE"),
    Index(None, "command_id", "command_source"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("command_id", Text, index=True),
    Column("letter_id", Text, nullable=False),
    Column("letter_reason", String(32), nullable=False),
    Column("letter_headers", Text, nullable=False),
    Column("event_id", Text),
    Column("event_type", Text),
    Column("event_body", LargeBinary),
    Column("at", Float(53), nullable=False, index=True),
)

owners = Table(
    "owners",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("lease_until", Float(53), nullable=False),
    Column("started_at", Float(53), nullable=False),
    Column("stopped_at", Float(53)),
    # Set beside `stopped_at` where not the process itself said that it has stopped.
    Column("died", Boolean, nullable=False, server_default=false()),
)

# Messages that are read one by one after a crash, each by a keyed digest: it shows nothing of what they hold.
readings = Table(
    "readings",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("owner", String(32)),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("at", Float(53), nullable=False),
)

# Commands that the broker has been answered for and that run later, in the order of their positions.
parked = Table(
    "parked",
    metadata,
    Column("position", RowNumber, Identity(), primary_key=True),
    Column("owner", String(32), nullable=False, index=True),
    # None for a message that could not name its command.
    Column("command_source", Text),
    Column("command_id", Text),
    Column("lanes", Text, nullable=False),
    Column("login", String(8), nullable=False),
    # Encrypted: a command's body holds passwords.
    Column("sealed", LargeBinary, nullable=False),
    Column("parked_at", Float(53), nullable=False),
    # Taken over: whose it was before may have begun it without this ledger knowing.
    Column("adopted", Boolean, nullable=False, server_default=false()),
    Index(None, "command_id", "command_source"),
    # SQLite would else give the highest position again once its row is gone, and order rests on the positions.
    sqlite_autoincrement=True,
)

# One row for each lane a parked command keeps its place in, so that the first of a lane is one look at an index.
parked_lanes = Table(
    "parked_lanes",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("position", RowNumber, primary_key=True, index=True, autoincrement=False),
    ForeignKeyConstraint(["position"], ["parked.position"], ondelete="CASCADE"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("cause", String(32), primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("since", Float(53), nullable=False),
    Column("until", Float(53)),
    Column("detail", Text, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("vhost", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("provider_login", Text, nullable=False),
    Column("provider_base_url", Text, nullable=False),
    Column("provider_edition", Text, nullable=False),
    Column("key_mark", Text),
    CheckConstraint('"row" = 1', name="single"),
)

replays = Table(
    "replays",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("created_at", Float(53), nullable=False),
    Column("finished_at", Float(53)),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("command_source", Text),
    Column("command_id", Text),
    Column("type", Text),
    Column("subject", Text),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("state", String(16), nullable=False),
    # Encrypted: a command's body holds passwords.
    Column("body", LargeBinary, nullable=False),
    Column("properties", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("failed_at", Float(53), nullable=False),
    Column("moved_at", Float(53), nullable=False),
    Column("closed_at", Float(53)),
    Column("replay_id", Text),
    ForeignKeyConstraint(["replay_id"], ["replays.id"]),
    Index(None, "state", "reason", "failed_at"),
    Index(None, "command_id", "command_source"),
)
