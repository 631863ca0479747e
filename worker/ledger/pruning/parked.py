"""Forgets what is parked, for a ledger that was put back from a backup: some of it may have run since."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from worker.domain.ports import Clock
from worker.domain.result_events import rfc3339
from worker.errors import LedgerError
from worker.ledger.operations.rows import StoredRow
from worker.ledger.schema import owners, parked
from worker.ledger.stores.store import Store


class StillAtWork(LedgerError):
    """A worker may run what is parked in this ledger; nothing was forgotten."""


@dataclass(frozen=True, slots=True)
class ParkedCommand:
    """One that waits in the ledger since then (epoch seconds); unnamed where it could not name its command."""

    position: int
    source: str | None
    id: str | None
    since: float


_SEEN = parked.c.position, parked.c.command_source, parked.c.command_id, parked.c.parked_at
_LIST = select(*_SEEN)
# The lanes go with it.
_FORGET = delete(parked).returning(*_SEEN)


def list_parked(connection: Connection) -> tuple[ParkedCommand, ...]:
    """Return what is parked, in its order, and change nothing."""
    return _parked_commands(connection.execute(_LIST))


def forget_parked(store: Store, clock: Clock) -> tuple[ParkedCommand, ...]:
    """Forget all of it in one commit and return what it was, in its order.

    Raises StillAtWork while a worker's lease runs. What holds a `sole` store is at work alone.
    """
    with store.engine.begin() as connection:
        if not store.sole:
            _check_nobody_is_at_work(connection, store, clock)
        return _parked_commands(connection.execute(_FORGET))


def _check_nobody_is_at_work(connection: Connection, store: Store, clock: Clock) -> None:
    if connection.dialect.name == "postgresql":
        # Until the commit no worker can start, that is, enter itself as an owner.
        connection.exec_driver_sql(f"LOCK TABLE {owners.name} IN SHARE MODE")
    at_work = select(owners).where(owners.c.stopped_at.is_(None), owners.c.lease_until > store.now(connection, clock))
    worker = connection.execute(at_work.order_by(owners.c.lease_until.desc()).limit(1)).one_or_none()
    if worker is not None:
        raise StillAtWork(
            f"Process {worker.pid} on {worker.host} has the ledger {store.name} open, and may run what is parked. "
            "Nothing was forgotten: stop every worker of this ledger, then type this again. If that process has died "
            f"already, wait for the end of its lease, {rfc3339(worker.lease_until)}."
        )


def _parked_commands(rows: Iterable[StoredRow]) -> tuple[ParkedCommand, ...]:
    found = (ParkedCommand(row.position, row.command_source, row.command_id, row.parked_at) for row in rows)
    return tuple(sorted(found, key=lambda command: command.position))
