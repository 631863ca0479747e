"""SQLite: one file, one host, one worker. The default.

Its files must still bear their names: who backs up, restores or tidies up may take them away. An open file stays
writable when it has lost its name. What is written into it then is gone with the process, so what was committed counts
only once all of the names lead to the files that are open.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from worker.domain.ports import Clock
from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.faults import from_driver
from worker.ledger.stores.lock import ProcessLock
from worker.ledger.stores.store import Displaced, Size, Store
from worker.ledger.stores.url import sqlite_path
from worker.ledger.stores.verdicts import of_sqlite

_BUSY_TIMEOUT_MILLISECONDS = 1_000
#: Negative means KiB. The inner pages of the indexes of some million commands stay in memory.
_CACHE_KIBIBYTES = -32_768
_WHAT_TO_DO = (
    "This process writes nothing more and takes nothing more up. Put the file back from where it went, or the newest "
    "backup, and start the worker again."
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Which file a name led to, and how large it was. `file`: device and inode."""

    file: tuple[int, int]
    size: int


class Presence:
    """Notices when an open ledger's files are replaced or deleted; any thread may ask."""

    def __init__(self, path: Path, lock: Path | None = None) -> None:
        """Look at the file and its lock now; they exist. `lock` is None where none is held."""
        # SQLite lays its logs beside the file itself, wherever a symbolic link to it is.
        itself = path.resolve()
        self._logs = [itself.with_name(itself.name + end) for end in ("-wal", "-shm")]
        self._lasting = {each: _look(each) for each in (path, lock) if each is not None}

    def check(self) -> None:
        """Compare with what was seen before. Raises Displaced, naming the first file that is not the one it was."""
        for path, before in self._lasting.items():
            self._lasting[path] = _compared(path, before)

    def watch(self) -> Callable[[], None]:
        """Return a check of a newly opened connection's files, which raises Displaced once they are not the ledger's.

        With the last connection SQLite takes the logs away by itself, so the next one may have others.
        """
        logs = {path: seen for path in self._logs if (seen := _look(path)) is not None}

        def check() -> None:
            self.check()
            for path, before in logs.items():
                now = _look(path)
                if now is None or now.file != before.file:
                    raise Displaced(_worded(path, "is another file than the one that was opened" if now else "is gone"))

        return check


def _compared(path: Path, before: _Seen | None) -> _Seen:
    now = _look(path)
    if now is None or before is None:
        raise Displaced(_worded(path, "is gone"))
    if now.file != before.file:
        raise Displaced(_worded(path, "is another file than the one that was opened"))
    if now.size < before.size:
        # It is never made smaller while a worker has it: no other space than its own is given back.
        raise Displaced(_worded(path, f"was cut from {before.size} to {now.size} bytes"))
    return now


def _look(path: Path) -> _Seen | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked after each commit, and a path's own way takes twice as long
    except OSError:
        return None
    return _Seen((found.st_dev, found.st_ino), found.st_size)


def _worded(path: Path, fate: str) -> str:
    return f"The ledger's file {path} {fate}, under the running worker. {_WHAT_TO_DO}"


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
    """Raise LedgerRefused when these files remain of a ledger that is missing: a new one must not replace it."""
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
