"""What an operator does to a ledger: alone with it, or (pruning) beside a worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.domain.ports import Clock
from worker.domain.telemetry import discard_event
from worker.ledger.config import LedgerIdentity
from worker.ledger.faults import translated
from worker.ledger.identity import adopt
from worker.ledger.migrations.migrate import check_schema, migrate
from worker.ledger.pruning.parked import ParkedCommand, StillAtWork, forget_parked, list_parked
from worker.ledger.pruning.pruner import SECONDS_PER_DAY, Pruned, Pruner, Rest
from worker.ledger.pruning.rule import Prunable, count_prunable
from worker.ledger.stores.lock import LockHeld
from worker.ledger.stores.opening import open_beside, open_reading, open_store
from worker.ledger.stores.store import Store
from worker.ledger.stores.url import name_of


def migrate_ledger(url: str) -> None:
    """Bring the schema up to date, all steps in one transaction; a SQLite ledger is made when there is none.

    Raises LedgerRefused when it is newer than this worker or in use, LedgerUnavailable when it cannot be reached.
    """
    with _alone(url) as store:
        migrate(store.engine)


def adopt_ledger(url: str, identity: LedgerIdentity) -> None:
    """Make the worker of this identity the ledger's owner, replacing the former. Raises as `migrate_ledger` does."""
    with _alone(url) as store:
        check_schema(store.engine)
        adopt(store.engine, identity)


def prune_ledger(url: str, days: float, clock: Clock, rest: Rest) -> Pruned:
    """Forget what ended more than so many days ago, beside a running worker if there is one.

    Raises LedgerUnavailable when there is no ledger or it cannot be reached, LedgerRefused when its schema is another
    than ours, PrunedElsewhere when another process prunes it.
    """
    store = open_beside(url)
    with translated(store):
        check_schema(store.engine)
    return Pruner(store, clock, discard_event).prune(days, rest)


def look_what_to_prune(url: str, days: float, clock: Clock) -> Prunable:
    """Return what `prune_ledger` would forget, and change nothing. Raises as `prune_ledger` does."""
    store = open_reading(url)
    with translated(store):
        check_schema(store.engine)
        with store.engine.connect() as connection:
            return count_prunable(connection, clock.now() - days * SECONDS_PER_DAY)


def forget_what_is_parked(url: str, clock: Clock) -> tuple[ParkedCommand, ...]:
    """Forget everything that is parked, and return what it was, in its order.

    Raises StillAtWork when a worker has this ledger open or may still be alive; LedgerUnavailable when there is no
    ledger or it cannot be reached, LedgerRefused when its schema is another than ours. Nothing was forgotten then.
    """
    # First as one that only looks: what is not there must not be made.
    look_what_is_parked(url)
    try:
        with _alone(url) as store:
            return forget_parked(store, clock)
    except LockHeld as exc:
        raise StillAtWork(
            f"Process {exc.holder} has the ledger {name_of(url)} open, and may run what is parked in it. Nothing was "
            "forgotten: stop that process, then type this again."
        ) from exc


def look_what_is_parked(url: str) -> tuple[ParkedCommand, ...]:
    """Return what `forget_what_is_parked` would forget, also beside a worker, and change nothing.

    Raises LedgerUnavailable and LedgerRefused as that does.
    """
    store = open_reading(url)
    with translated(store):
        check_schema(store.engine)
        with store.engine.connect() as connection:
            return list_parked(connection)


@contextmanager
def _alone(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        with translated(store):
            yield store
    finally:
        store.release()
