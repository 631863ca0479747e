"""What each error of a database means: for everybody, for one row alone, for the worker's own statements."""

import sqlite3

import pytest
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError

from worker.ledger.stores.verdicts import POSTGRES, FaultVerdict, of_postgres, of_sqlite, of_value

#: Each class of PostgreSQL's that a worker can meet, with a state of it, or of a part that is judged by itself.
DECIDED = {
    FaultVerdict.PASSES: "08000 08006 0A000 25P03 25P04 26000 40001 40P01 42P05 53100 53200 53300 55006 55P03 57P01 "
    "57P02 57P03 57P05 72000",
    FaultVerdict.AWAY: "08P01 25006 28000 28P01 3D000 55000 57000 57014 58000 58030 F0000 XX000 XX001 XX002",
    FaultVerdict.MISSING: "3F000 42501 42P01",
    FaultVerdict.ROW: "22000 22001 22003 22021 22P05 23502 23514 54000",
    FaultVerdict.FAULT: "21000 23000 23503 23505 25000 25001 25P02 42601 42703 42804 42883 54001 54011 P0001 ZZZZZ",
}


class _DriverError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class _SqliteDriverError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.sqlite_errorcode = code


def failure_with(state: str | None, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("COMMIT", {}, _DriverError(state))


@pytest.mark.parametrize(
    ("state", "verdict"),
    [(state, verdict) for verdict, states in DECIDED.items() for state in states.split() if len(state) == 5],
)
def test_every_state_is_decided(state: str, verdict: FaultVerdict) -> None:
    assert of_postgres(failure_with(state)) is verdict


def test_no_line_of_the_table_is_without_a_test() -> None:
    states = " ".join(DECIDED.values()).split()

    assert [entry for entry in POSTGRES if not any(state.startswith(entry) for state in states)] == []


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (OperationalError, FaultVerdict.PASSES),
        (DataError, FaultVerdict.ROW),
        (ProgrammingError, FaultVerdict.FAULT),
        (InternalError, FaultVerdict.FAULT),
    ],
)
def test_without_a_state_the_kind_decides(kind: type[DBAPIError], verdict: FaultVerdict) -> None:
    assert of_postgres(failure_with(None, kind)) is verdict


def test_whatever_it_is_a_broken_connection_is_made_anew() -> None:
    broken = OperationalError("COMMIT", {}, _DriverError("XX000"), connection_invalidated=True)

    assert of_postgres(broken) is FaultVerdict.PASSES


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (sqlite3.SQLITE_BUSY, FaultVerdict.PASSES),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, FaultVerdict.PASSES),
        (sqlite3.SQLITE_LOCKED, FaultVerdict.PASSES),
        (sqlite3.SQLITE_FULL, FaultVerdict.AWAY),
        (sqlite3.SQLITE_READONLY, FaultVerdict.AWAY),
        (sqlite3.SQLITE_READONLY_DBMOVED, FaultVerdict.AWAY),
        (sqlite3.SQLITE_IOERR_WRITE, FaultVerdict.AWAY),
        (sqlite3.SQLITE_CANTOPEN, FaultVerdict.AWAY),
        (sqlite3.SQLITE_CORRUPT, FaultVerdict.DAMAGED),
        (sqlite3.SQLITE_CORRUPT_INDEX, FaultVerdict.DAMAGED),
        (sqlite3.SQLITE_NOTADB, FaultVerdict.DAMAGED),
        (sqlite3.SQLITE_TOOBIG, FaultVerdict.ROW),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, FaultVerdict.ROW),
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, FaultVerdict.ROW),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, FaultVerdict.FAULT),
        (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, FaultVerdict.FAULT),
        (sqlite3.SQLITE_ERROR, FaultVerdict.FAULT),
        (sqlite3.SQLITE_MISUSE, FaultVerdict.FAULT),
    ],
)
def test_every_code_of_sqlites_is_decided(code: int, verdict: FaultVerdict) -> None:
    assert of_sqlite(OperationalError("COMMIT", {}, _SqliteDriverError(code))) is verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(OperationalError, FaultVerdict.AWAY), (DataError, FaultVerdict.ROW), (IntegrityError, FaultVerdict.FAULT)],
)
def test_without_a_code_the_kind_decides(kind: type[DBAPIError], verdict: FaultVerdict) -> None:
    assert of_sqlite(failure_with(None, kind)) is verdict


def test_what_no_driver_can_send_is_the_rows_own() -> None:
    with pytest.raises(UnicodeEncodeError) as half_a_pair:
        "\ud800".encode()

    assert of_value(half_a_pair.value) is FaultVerdict.ROW
    assert of_value(OverflowError("too large")) is FaultVerdict.ROW
    assert of_value(TypeError("ours")) is FaultVerdict.FAULT
