"""PostgreSQL: several workers, one of them active at a time; also through a pooler that shares its sessions.

A pooler in transaction mode gives each transaction another session. So nothing here is the session's: what is asked for
is asked for in each transaction, no lock outlives its transaction, and statements are prepared only where there is no
pooler.
"""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from worker.domain.ports import Clock
from worker.errors import LedgerRefused
from worker.ledger.faults import from_driver
from worker.ledger.schema import metadata
from worker.ledger.stores.store import Size, Store
from worker.ledger.stores.url import hosts_in, shown
from worker.ledger.stores.verdicts import of_postgres

#: A server that is gone must not hold the writer for ever: seconds until a connect is given up, and until unanswered
#: bytes, or unanswered probes of a silent connection, end it. One whose kernel still answers is the watchdog's matter.
_CONNECT_SECONDS = 3
_SILENCE_MILLISECONDS = 10_000
_UNANSWERED_PROBES = 3
#: One question opens a transaction. The role may have another default of isolation, and every statement here is made
#: for this one. Whatever the server, the database or the role have as their defaults: a
#: commit is on disk when it is answered, and nobody waits for ever. Stronger than `on` (remote_apply) stays as it is.
_COMMON = "SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_WORKING = f"{_BEGIN}; {_COMMON}; SET LOCAL statement_timeout = '10s'; {_DURABLE}"
#: Who only looks holds nobody up, and counting millions of rows takes its time.
_READING = f"{_BEGIN}; SET TRANSACTION READ ONLY; {_COMMON}; SET LOCAL statement_timeout = '600s'"
#: Not the transaction's own time, which stands still while it waits for a lock.
_CLOCK = select(func.extract("epoch", func.clock_timestamp()))
_SESSION = select(func.pg_backend_pid())
_USES_BEFORE_PREPARED = 5
_LOOKED_AT = "looked at for a pooler"
#: An advisory lock's number: ours alone, since nothing else in this database knows it.
_PRUNING_LOCK = 5_063_290_116
_ENCODING = "UTF8"


def open_postgres(url: URL) -> Store:
    """Describe the server's database; nothing is connected yet.

    Raises LedgerRefused when the driver is not installed.
    """
    return _described(url, _WORKING, {"target_session_attrs": "read-write"} if len(hosts_in(url)) > 1 else {})


def open_postgres_reader(url: URL) -> Store:
    """Describe it for a tool that only looks: the server refuses its changes, and lets it look for minutes."""
    return _described(url, _READING, {})


def _described(url: URL, opening: str, ours: dict[str, str]) -> Store:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            # Parameters by their places, as SQLite's are: so is a statement prepared that the driver runs.
            paramstyle="format",
            # The driver begins nothing by itself, which would be one more question: each opening does.
            isolation_level="AUTOCOMMIT",
            connect_args=_connect_arguments(url, ours),
        )
    except (ImportError, NoSuchModuleError) as exc:
        raise LedgerRefused("A PostgreSQL ledger needs its driver: install provisioning-worker[postgres].") from exc
    _demand(engine, shown(url), opening)
    return Store(
        engine,
        shown(url),
        sole=False,
        judge=of_postgres,
        release=engine.dispose,
        measure=_size,
        now=_now,
        descriptor=_descriptor,
        may_prune=_may_prune,
        check=_nothing,
        watch=lambda: _nothing,
    )


def _connect_arguments(url: URL, ours: dict[str, str]) -> dict[str, object]:
    """What the URL says goes before what we would say, but for the two that the rest of the room rests on."""
    defaults: dict[str, object] = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _SILENCE_MILLISECONDS,
        "keepalives_idle": _CONNECT_SECONDS,
        "keepalives_interval": _CONNECT_SECONDS,
        "keepalives_count": _UNANSWERED_PROBES,
        "application_name": "provisioning-worker",
        **ours,
    }
    left_to_us = {name: value for name, value in defaults.items() if name not in url.query}
    return {**left_to_us, "client_encoding": "utf8", "prepare_threshold": None}


def _demand(engine: Engine, name: str, opening: str) -> None:
    def look_at_encoding(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        driver: Any = connection
        # Sent by the server with its greeting, so that it costs no question.
        encoding = driver.info.parameter_status("server_encoding")
        if encoding != _ENCODING:
            connection.close()
            raise LedgerRefused(
                f"The database {name} has the encoding {encoding}, which cannot hold every username. Make one with "
                "CREATE DATABASE ledger ENCODING 'UTF8' TEMPLATE template0, and name it in PROVISIONING_LEDGER__URL."
            )

    def begin(connection: Connection) -> None:
        with from_driver(connection):
            connection.connection.cursor().execute(opening)
        if _LOOKED_AT not in connection.info:
            connection.info[_LOOKED_AT] = True
            _prepare_unless_pooled(connection)

    event.listen(engine, "connect", look_at_encoding)
    event.listen(engine, "begin", begin)


def _prepare_unless_pooled(connection: Connection) -> None:
    """Prepared statements save a third of the server's work, and are a session's."""
    driver: Any = connection.connection.driver_connection
    # A pooler greets with a process number of its own making, because the session may be any.
    if connection.execute(_SESSION).scalar_one() == driver.info.backend_pid:
        driver.prepare_threshold = _USES_BEFORE_PREPARED


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
    """Take the transaction's lock: a session's would stay with the pooler's session, whoever has it next."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_PRUNING_LOCK))).scalar_one())


def _nothing() -> None:
    """Check nothing: a server is found by its address, and another one behind it does not know this process's lease."""
