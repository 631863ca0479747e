"""What an operator does to a ledger while no worker runs on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.ledger.config import LedgerIdentity
from worker.ledger.faults import translated
from worker.ledger.identity import adopt
from worker.ledger.migration import check_schema, migrate
from worker.ledger.stores.opening import open_store
from worker.ledger.stores.store import Store


def migrate_ledger(url: str) -> None:
    """Bring the schema up to date, all steps in one transaction; a SQLite ledger is made when there is none.

    Raises LedgerRefused when it is newer than this worker or in use, LedgerUnavailable when it cannot be reached.
    """
    with _alone(url) as store:
        migrate(store.engine)


def adopt_ledger(url: str, identity: LedgerIdentity) -> None:
    """Sign the ledger over to the worker of this identity, whoever had it before. Raises as `migrate_ledger` does."""
    with _alone(url) as store:
        check_schema(store.engine)
        adopt(store.engine, identity)


@contextmanager
def _alone(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        with translated(store.name):
            yield store
    finally:
        store.release()
