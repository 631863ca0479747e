"""The border: what the database's driver raises becomes one of the ledger's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from worker.errors import LedgerRefused, LedgerUnavailable


def is_outage(error: DBAPIError) -> bool:
    """Whether the database as a whole is at fault (away, locked, full, damaged), not the rows that were sent."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def unavailable(name: str, error: BaseException) -> LedgerUnavailable:
    """Word an outage for people; one exception for each caller, since a raised exception grows a traceback."""
    return LedgerUnavailable(f"The ledger {name} cannot be read or written now: {worded(error)}.")


def worded(error: BaseException) -> str:
    """Say what the driver said, its first line alone: further down PostgreSQL repeats whole rows."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return next(iter(str(cause).strip().splitlines()), repr(cause)).rstrip(".")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Translate what is raised inside, for calls that open or read; `name` is the database's name for people."""
    try:
        yield
    except (OperationalError, InterfaceError) as exc:
        raise unavailable(name, exc) from exc
    except DatabaseError as exc:
        raise LedgerRefused(
            f"{name} cannot serve as a ledger: {worded(exc)}. Name another one in PROVISIONING_LEDGER__URL."
        ) from exc
