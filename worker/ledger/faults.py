"""The border: what the database's driver raises becomes one of the ledger's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, StatementError

from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.stores.store import Store
from worker.ledger.stores.verdicts import FaultVerdict, of_value

#: What does not keep a worker from starting for ever: it is started again until it can.
_WAITED_FOR = frozenset({FaultVerdict.PASSES, FaultVerdict.AWAY})


def judged(store: Store, error: BaseException) -> FaultVerdict:
    """Return what any error of a transaction means, whether the database or the driver raised it."""
    if isinstance(error, DBAPIError):
        return store.judge(error)
    return of_value(_cause(error))


def unavailable(name: str, error: BaseException) -> LedgerUnavailable:
    """Make the LedgerUnavailable of an outage; one for each caller, since a raised exception grows a traceback."""
    return LedgerUnavailable(f"The ledger {name} cannot be read or written now: {worded(error)}.")


def worded(error: BaseException) -> str:
    """Say what the driver said, its first line alone: further down PostgreSQL repeats whole rows."""
    cause = _cause(error)
    if isinstance(cause, UnicodeError):
        # Its own words repeat what could not be written.
        return "it holds text that is no valid Unicode"
    return next(iter(str(cause).strip().splitlines()), repr(cause)).rstrip(".")


@contextmanager
def translated(store: Store) -> Iterator[None]:
    """Translate database errors raised inside, for calls that open or read. Raises LedgerRefused, LedgerUnavailable."""
    try:
        yield
    except (DatabaseError, StatementError, UnicodeError) as exc:
        if judged(store, exc) in _WAITED_FOR:
            raise unavailable(store.name, exc) from exc
        raise LedgerRefused(
            f"{store.name} cannot serve as a ledger: {worded(exc)}. Name another one in PROVISIONING_LEDGER__URL."
        ) from exc


@contextmanager
def from_driver(connection: Connection) -> Iterator[None]:
    """Raise what the connection's driver raises inside as SQLAlchemy would have, had it run the statement itself."""
    dialect = connection.dialect
    try:
        yield
    except dialect.loaded_dbapi.Error as exc:
        is_lost = dialect.is_disconnect(exc, connection.connection.driver_connection, None)
        error = DBAPIError.instance(
            None,
            None,
            exc,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        )
        if is_lost:
            # Else the end of its transaction would be refused with another error than this one.
            connection.invalidate(exc)
        raise error from exc


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, StatementError) and error.orig is not None else error
