"""PostgreSQL: several workers, one of them active at a time."""

from typing import Any

from sqlalchemy import URL, Connection, create_engine, func, select
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from worker.domain.ports import Clock
from worker.errors import LedgerRefused
from worker.ledger.schema import metadata
from worker.ledger.stores.naming import shown
from worker.ledger.stores.store import Size, Store

#: Classes and codes of SQLSTATE that pass: lost connections (08), serialisation and deadlock (40), resources (53),
#: an administrator's restart (57P), and a lock that was not given in time (55P03).
_PASSING_STATES = ("08", "40", "53", "57P", "55P03")
#: A server that is gone must not hold the writer for ever: seconds until a connect is given up, and until unanswered
#: bytes, or unanswered probes of a silent connection, end it. One whose kernel still answers is the watchdog's matter.
_CONNECT_SECONDS = 3
_SILENCE_MILLISECONDS = 10_000
_UNANSWERED_PROBES = 3
_COMMON = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
_WORKING = f"{_COMMON} -c statement_timeout=10s"
#: Who only looks holds nobody up, and counting millions of rows takes its time.
_READING = f"{_COMMON} -c statement_timeout=600s -c default_transaction_read_only=on"
#: Not the transaction's own time, which stands still while it waits for a lock.
_CLOCK = select(func.extract("epoch", func.clock_timestamp()))
#: An advisory lock's number: ours alone, since nothing else in this database knows it.
_PRUNING_LOCK = 5_063_290_116


def open_postgres(url: URL) -> Store:
    """Describe the server's database; nothing is connected yet.

    Raises LedgerRefused when the driver is not installed.
    """
    return _described(url, _WORKING)


def open_postgres_reader(url: URL) -> Store:
    """Describe it for a tool that only looks: the server refuses its changes, and lets it look for minutes."""
    return _described(url, _READING)


def _described(url: URL, options: str) -> Store:
    connect_args = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _SILENCE_MILLISECONDS,
        "keepalives_idle": _CONNECT_SECONDS,
        "keepalives_interval": _CONNECT_SECONDS,
        "keepalives_count": _UNANSWERED_PROBES,
        "application_name": "provisioning-worker",
        # The server takes the last of several.
        "options": " ".join((options, *url.normalized_query.get("options", ()))),
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=connect_args,
        )
    except (ImportError, NoSuchModuleError) as exc:
        raise LedgerRefused("A PostgreSQL ledger needs its driver: install provisioning-worker[postgres].") from exc
    return Store(
        engine,
        shown(url),
        sole=False,
        passes=_passes,
        release=engine.dispose,
        measure=_size,
        now=_now,
        descriptor=_descriptor,
        may_prune=_may_prune,
    )


def _size(connection: Connection) -> Size:
    sizes = [func.pg_total_relation_size(name) for name in metadata.tables]
    return Size(sum(connection.execute(select(*sizes)).one()), free_bytes=None)


def _now(connection: Connection, _clock: Clock) -> float:
    """Ask the server: the hosts of several workers need not agree on the time."""
    return float(connection.execute(_CLOCK).scalar_one())


def _descriptor(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.fileno())


def _may_prune(connection: Connection) -> bool:
    """Take the session's lock: the server gives it back when the connection ends, however it ends."""
    with connection.begin():
        return bool(connection.execute(select(func.pg_try_advisory_lock(_PRUNING_LOCK))).scalar_one())


def _passes(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    # A connection that broke in the middle carries no state at all.
    return error.connection_invalidated or state is None or str(state).startswith(_PASSING_STATES)
