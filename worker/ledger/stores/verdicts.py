"""What an error of the database means: for everybody, for one row alone, or for whoever wrote the worker.

PostgreSQL's are known by their SQLSTATE (appendix A of its manual, version 15 to 17), SQLite's by their primary result
code (sqlite.org/rescode.html). What is in no table is a `FAULT`: it is tried again, and nobody's command is given up
for it.
"""

import sqlite3
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, InterfaceError, OperationalError


class FaultVerdict(StrEnum):
    """Whose error it is, and so what becomes of the command that met it."""

    PASSES = "passes"
    """The database cannot be used for a moment: tried again at once, for some seconds, before it is reported."""
    AWAY = "away"
    """The database as a whole cannot be used: one pause, until it can."""
    MISSING = "missing"
    """A right, a schema or a table that a worker needs: the same while it runs, and no reason to start without."""
    ROW = "row"
    """This row is refused for what it holds, and will be each time: its command ends as a dead letter."""
    FAULT = "fault"
    """A statement or a schema that do not fit each other: others go on, this one is tried again."""
    DAMAGED = "damaged"
    """What is in the file is no ledger any more: nothing may be written into it."""


#: By state (five characters) or class (two): the longer one is asked first.
POSTGRES: Mapping[str, FaultVerdict] = {
    "08": FaultVerdict.PASSES,  # the connection broke, or was not made
    "08P01": FaultVerdict.AWAY,  # two sides that do not speak alike, often a pooler
    "0A": FaultVerdict.PASSES,  # a plan from before a migration: the next connection makes a new one
    "22": FaultVerdict.ROW,  # data exceptions: text that the encoding lacks, NUL, numbers out of range
    "23502": FaultVerdict.ROW,  # NOT NULL
    "23514": FaultVerdict.ROW,  # CHECK
    "25006": FaultVerdict.AWAY,  # read-only: a standby, or closed by its host
    "25P03": FaultVerdict.PASSES,  # idle in a transaction for too long: the session was ended
    "25P04": FaultVerdict.PASSES,  # the same for a transaction, since version 17
    "26": FaultVerdict.PASSES,  # a prepared statement that a pooler has lost: the next connection has it
    "42P05": FaultVerdict.PASSES,  # one that a pooler has kept from somebody else
    "28": FaultVerdict.AWAY,  # the login is refused
    "3D": FaultVerdict.AWAY,  # there is no such database
    "3F": FaultVerdict.MISSING,  # there is no such schema
    "40": FaultVerdict.PASSES,  # serialization, deadlock
    "42501": FaultVerdict.MISSING,  # a right that was taken away
    "42P01": FaultVerdict.MISSING,  # tables that are gone, or not on the search path
    "53": FaultVerdict.PASSES,  # resources: connections, memory; also a full disk, which may be swept
    "54000": FaultVerdict.ROW,  # a limit of the program: an index row that is too long
    "55": FaultVerdict.AWAY,  # an object in another state than it must be
    "55006": FaultVerdict.PASSES,  # in use
    "55P03": FaultVerdict.PASSES,  # a lock that was not given in time
    "57": FaultVerdict.AWAY,  # an operator stepped in; also a statement that took too long
    "57P": FaultVerdict.PASSES,  # shut down, crashed, starting, dropped, idle for too long
    "58": FaultVerdict.AWAY,  # outside of the database: its files
    "72": FaultVerdict.PASSES,  # a snapshot that is too old
    "F0": FaultVerdict.AWAY,  # its configuration
    "XX": FaultVerdict.AWAY,  # inside of it: damaged tables or indexes
}
SQLITE: Mapping[int, FaultVerdict] = {
    sqlite3.SQLITE_BUSY: FaultVerdict.PASSES,
    sqlite3.SQLITE_LOCKED: FaultVerdict.PASSES,
    sqlite3.SQLITE_FULL: FaultVerdict.AWAY,
    sqlite3.SQLITE_READONLY: FaultVerdict.AWAY,
    sqlite3.SQLITE_IOERR: FaultVerdict.AWAY,
    sqlite3.SQLITE_CANTOPEN: FaultVerdict.AWAY,
    sqlite3.SQLITE_NOMEM: FaultVerdict.AWAY,
    sqlite3.SQLITE_PERM: FaultVerdict.AWAY,
    sqlite3.SQLITE_AUTH: FaultVerdict.AWAY,
    sqlite3.SQLITE_NOLFS: FaultVerdict.AWAY,
    sqlite3.SQLITE_PROTOCOL: FaultVerdict.PASSES,
    sqlite3.SQLITE_SCHEMA: FaultVerdict.PASSES,
    sqlite3.SQLITE_INTERRUPT: FaultVerdict.PASSES,
    sqlite3.SQLITE_ABORT: FaultVerdict.PASSES,
    sqlite3.SQLITE_CORRUPT: FaultVerdict.DAMAGED,
    sqlite3.SQLITE_NOTADB: FaultVerdict.DAMAGED,
    sqlite3.SQLITE_TOOBIG: FaultVerdict.ROW,
    sqlite3.SQLITE_MISMATCH: FaultVerdict.ROW,
}
#: SQLite's extended codes for the constraints that ask only what is in a row.
_ROW_CONSTRAINTS = frozenset({sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL})
_PRIMARY = 0xFF
_STATE, _SUBCLASS, _CLASS = 5, 3, 2


def of_postgres(error: DBAPIError) -> FaultVerdict:
    """Judge what psycopg raised. Without a state it is the connection that broke, or a value the driver cannot send."""
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated:
        return FaultVerdict.PASSES
    if state is None:
        return _of_kind(error, FaultVerdict.PASSES)
    known = (POSTGRES.get(str(state)[:length]) for length in (_STATE, _SUBCLASS, _CLASS))
    return next((verdict for verdict in known if verdict is not None), FaultVerdict.FAULT)


def of_sqlite(error: DBAPIError) -> FaultVerdict:
    """Judge what SQLite raised."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return _of_kind(error, FaultVerdict.AWAY)
    if code in _ROW_CONSTRAINTS:
        return FaultVerdict.ROW
    return SQLITE.get(code & _PRIMARY, FaultVerdict.FAULT)


def of_value(error: BaseException) -> FaultVerdict:
    """Judge what was raised before the database was asked: text that is none, or a number beyond its integers."""
    return FaultVerdict.ROW if isinstance(error, UnicodeError | OverflowError) else FaultVerdict.FAULT


def _of_kind(error: DBAPIError, otherwise: FaultVerdict) -> FaultVerdict:
    if isinstance(error, DataError):
        return FaultVerdict.ROW
    # The last one bare: what the driver could not sort in, such as a file that is no database.
    is_outage = isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
    return otherwise if is_outage else FaultVerdict.FAULT
