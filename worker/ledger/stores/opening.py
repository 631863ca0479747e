"""Chooses the database by its URL."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from worker.errors import LedgerRefused
from worker.ledger.stores.address import SEVERAL_SERVERS, url_fault
from worker.ledger.stores.naming import shown
from worker.ledger.stores.postgres import open_postgres, open_postgres_reader
from worker.ledger.stores.sqlite import open_sqlite, open_sqlite_beside, open_sqlite_reader, sqlite_path
from worker.ledger.stores.store import Store

_OTHERS = frozenset({"cockroachdb", "mariadb", "mssql", "mysql", "oracle"})


def open_store(url: str) -> Store:
    """Open for a worker. Raises LedgerRefused or LedgerUnavailable."""
    parsed = parse(url)
    return open_sqlite(parsed) if is_sqlite(parsed) else open_postgres(parsed)


def open_reading(url: str) -> Store:
    """Open for a tool that only looks. Raises LedgerRefused, or LedgerUnavailable when there is none."""
    parsed = parse(url)
    return open_sqlite_reader(parsed) if is_sqlite(parsed) else open_postgres_reader(parsed)


def open_beside(url: str) -> Store:
    """Open for short changes beside a running worker. Raises LedgerRefused, or LedgerUnavailable when there is none."""
    parsed = parse(url)
    return open_sqlite_beside(parsed) if is_sqlite(parsed) else open_postgres(parsed)


def name_of(url: str) -> str:
    """Tell people which database a URL means, without its secrets. Raises LedgerRefused when it means none."""
    parsed = parse(url)
    return str(sqlite_path(parsed)) if is_sqlite(parsed) else shown(parsed)


def is_sqlite(url: URL) -> bool:
    """Tell the one product from the other."""
    return url.get_backend_name() == "sqlite"


def parse(url: str) -> URL:
    """Read a ledger's URL. Raises LedgerRefused, without repeating the URL, which may hold a password.

    It tells also what in the URL would not be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not "from" the cause: it may repeat the URL, and with it the password.
        raise LedgerRefused(f"PROVISIONING_LEDGER__URL cannot be read as a database URL. {SEVERAL_SERVERS}.") from None
    fault = url_fault(url, parsed)
    if fault:
        raise LedgerRefused(f"PROVISIONING_LEDGER__URL {fault}")
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        # A word that nobody knows may be a part of a password.
        named = kind if kind in _OTHERS else "a database of that kind"
        raise LedgerRefused(
            f"A ledger cannot lie in {named} (PROVISIONING_LEDGER__URL): use sqlite:////path/to/ledger.db or "
            "postgresql+psycopg://user:password@host/database."
        )
    return parsed
