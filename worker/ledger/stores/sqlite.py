"""SQLite: one file, one host, one worker. The default."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from worker.domain.ports import Clock
from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.faults import from_driver
from worker.ledger.stores.lock import ProcessLock
from worker.ledger.stores.presence import Presence
from worker.ledger.stores.store import Size, Store
from worker.ledger.stores.url import sqlite_path
from worker.ledger.stores.verdicts import of_sqlite

_BUSY_TIMEOUT_MILLISECONDS = 1_000
#: Negative means KiB. The inner pages of the indexes of some million commands stay in memory.
_CACHE_KIBIBYTES = -32_768


def open_sqlite(url: URL) -> Store:
    """Open the file for writing, alone; it and its folder are made when missing, readable by their owner only.

    Raises LedgerRefused when another worker has it open, or when what lies beside it says that it was there before;
    LedgerUnavailable when the file cannot be made.
    """
    path = sqlite_path(url)
    create(path)
    lock = ProcessLock(lock_path(path))
    return _store(path, _writing_engine(path), Presence(path, lock_path(path)), release=lock.release)


def open_sqlite_beside(url: URL) -> Store:
    """Open the file for short changes beside a running worker, without its lock: each of them waits for its turn.

    Raises LedgerUnavailable when there is no such file.
    """
    path = _existing(url)
    return _store(path, _writing_engine(path), Presence(path))


def open_sqlite_reader(url: URL) -> Store:
    """Open the file for reading beside a running worker, without its lock.

    Raises LedgerUnavailable when there is no such file: a read never makes one.
    """
    path = _existing(url)
    return _store(path, _engine(path, "ro"), Presence(path))


def _existing(url: URL) -> Path:
    path = sqlite_path(url)
    if not path.is_file():
        raise LedgerUnavailable(
            f"There is no ledger at {path}. The worker makes it when it first runs; another one is named by "
            "PROVISIONING_LEDGER__URL."
        )
    return path


def key_path(ledger: Path) -> Path:
    """Return where the key file of a SQLite ledger lies."""
    return ledger.with_name(ledger.name + ".keys")


def lock_path(ledger: Path) -> Path:
    """Return where its lock file lies; it stays when the worker ends."""
    return ledger.with_name(ledger.name + ".lock")


def remains(ledger: Path) -> list[Path]:
    """What a ledger has left behind that is not there any more, or is empty; nothing when there never was one.

    An empty file with a key that is not older is no such ledger: so they lie there when a first start broke off.
    """
    # These first: whoever makes a ledger at this moment makes it before its key.
    left = [path for path in (key_path(ledger), ledger.with_name(ledger.name + "-wal")) if path.exists()]
    found = _facts(ledger)
    if found is None or not left:
        return left
    if found.st_size > 0:
        return []
    keys = _facts(key_path(ledger))
    return [key_path(ledger)] if keys is not None and keys.st_mtime_ns < found.st_mtime_ns else []


def refuse_lost(ledger: Path, left: Sequence[Path]) -> None:
    """Raise LedgerRefused when these are left of a ledger that is not there: only a person knows where it is."""
    if left:
        names = " and ".join(map(str, left))
        raise LedgerRefused(
            f"The ledger {ledger} is {'empty' if ledger.exists() else 'not there'}, but {names} of an earlier one lies "
            "beside it. A new ledger would know nothing of what was done, and do it again. Put the ledger back from a "
            f"backup; or, to begin anew and forget everything, remove {names}."
        )


def create(path: Path) -> None:
    """Make an empty file where there is none, and its folder, readable by their owner only.

    Raises LedgerRefused when there was a ledger before, LedgerUnavailable when it cannot be made.
    """
    refuse_lost(path, remains(path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files it lays beside this one (the log, the shared index) the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as exc:
        raise LedgerUnavailable(f"The ledger {path} cannot be made or written: {exc.strerror}.") from exc


def _facts(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _store(path: Path, engine: Engine, presence: Presence, release: Callable[[], None] | None = None) -> Store:
    return Store(
        engine,
        str(path),
        sole=release is not None,
        judge=of_sqlite,
        release=release or _nothing,
        measure=lambda connection: _size(connection, path),
        now=_now,
        descriptor=_descriptor,
        may_prune=_may_prune,
        check=presence.check,
        watch=presence.watch,
    )


def _engine(path: Path, mode: str) -> Engine:
    # The question mark and the hash would end the path of a URI.
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    url = URL.create("sqlite", database=f"file:{quoted}", query={"mode": mode, "uri": "true"})
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"check_same_thread": False})


def _writing_engine(path: Path) -> Engine:
    engine = _engine(path, "rw")
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver would begin its transactions late, at the first change: two of them could then deadlock as readers.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # Without FULL a power cut takes back what was already published.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = {_CACHE_KIBIBYTES}")
    cursor.close()


def _begin(connection: Connection) -> None:
    with from_driver(connection):
        connection.connection.cursor().execute("BEGIN IMMEDIATE")


def _size(connection: Connection, path: Path) -> Size:
    pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    page_bytes = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    log = path.with_name(path.name + "-wal")
    log_bytes = log.stat().st_size if log.is_file() else 0
    return Size(path.stat().st_size + log_bytes, free_bytes=pages * page_bytes)


def _now(_connection: Connection, clock: Clock) -> float:
    """This process's clock is every other's: a file is used on one host."""
    return clock.now()


def _descriptor(_connection: Connection) -> None:
    """A file is no conversation: there is nothing to break off."""


def _may_prune(_connection: Connection) -> bool:
    """Nothing to reserve: there is one worker, and a person's prune beside it takes turns with it."""
    return True


def _nothing() -> None:
    """Release nothing: a reader holds no lock."""
