"""Chooses the database by its URL."""

from worker.ledger.stores.postgres import open_postgres, open_postgres_reader
from worker.ledger.stores.sqlite import open_sqlite, open_sqlite_beside, open_sqlite_reader
from worker.ledger.stores.store import Store
from worker.ledger.stores.url import is_sqlite, parse


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
