"""A look at the ledger for `doctor`, beside a running worker: nothing is made, locked or written."""

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from worker.doctor.facts import FileFacts, LedgerFacts, SchemaState, SqliteFacts
from worker.errors import LedgerError, SettingsInvalid
from worker.ledger.config import LedgerIdentity
from worker.ledger.faults import translated
from worker.ledger.identity import COMPARED
from worker.ledger.keys import fingerprinter
from worker.ledger.migrations.revision import NEWEST, REVISIONS, revision_of
from worker.ledger.operations.rows import StoredRow
from worker.ledger.schema import identity as identity_table
from worker.ledger.schema import metadata
from worker.ledger.stores.opening import open_reading
from worker.ledger.stores.sqlite import key_path, lock_path, remains
from worker.ledger.stores.url import is_sqlite, parse, shown, sqlite_path
from worker.received.marks import text_of

_LOCKS = Path("/proc/locks")
_NOBODY = 0
#: The columns of a line of that file: kind, and `major:minor:inode` of what is locked.
_LOCK_KIND, _LOCK_HOLDER, _LOCK_FILE = 1, 4, 5
# Not synchronous_commit: the worker asks for that in each transaction.
_UNSAFE_SETTINGS = text(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY 1"
)
_READ_ONLY = text("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'")


def look_at_ledger(url: str, identity: LedgerIdentity | None, keys: Sequence[str]) -> LedgerFacts:
    """Everything that can be seen of the ledger; `keys` are those that were set. One that is away is a fact too.

    Whose it is, is not compared without an `identity`.
    """
    try:
        parsed = parse(url)
        path = sqlite_path(parsed) if is_sqlite(parsed) else None
    except LedgerError as exc:
        return LedgerFacts("PROVISIONING_LEDGER__URL", there=True, readable=False, words=str(exc))
    name = str(path) if path else shown(parsed)
    known = list(keys) or (_keys_in(key_path(path)) if path else [])
    bare = LedgerFacts(
        name,
        there=path is None or path.is_file(),
        readable=False,
        sqlite=_sqlite(path) if path else None,
        keys_missing=not known and (path is None or _has_content(path)),
        lost=tuple(map(str, remains(path))) if path else (),
    )
    ours = replace(identity, key_marks=_marks(known)) if identity else None
    return _read(bare, url, ours) if bare.there else bare


def _read(bare: LedgerFacts, url: str, identity: LedgerIdentity | None) -> LedgerFacts:
    try:
        store = open_reading(url)
        with translated(store), store.engine.connect() as connection:
            return _inspected(replace(bare, readable=True), connection, identity)
    except LedgerError as exc:
        return replace(bare, readable=False, words=str(exc))


def _inspected(bare: LedgerFacts, connection: Connection, identity: LedgerIdentity | None) -> LedgerFacts:
    revision = revision_of(connection)
    state = _state(connection, revision)
    seen = replace(
        bare,
        schema=state,
        revision=revision or "",
        unsafe_settings=_unsafe_settings(connection),
        read_only=connection.dialect.name != "sqlite" and bool(connection.execute(_READ_ONLY).scalar_one()),
    )
    if identity is None or state is not SchemaState.CURRENT:
        return seen
    row = connection.execute(select(identity_table)).one_or_none()
    return seen if row is None else _compared(seen, row, identity)


def _compared(seen: LedgerFacts, row: StoredRow, identity: LedgerIdentity) -> LedgerFacts:
    pairs = {name: (getattr(row, name), getattr(identity, name)) for name in COMPARED}
    differing = tuple(
        f"{name.replace('_', ' ')} ({theirs!r} there, {ours!r} here)"
        for name, (theirs, ours) in pairs.items()
        if theirs != ours
    )
    comparable = bool(identity.key_marks) and row.key_mark is not None
    return replace(seen, differences=differing, keys_fit=row.key_mark in identity.key_marks if comparable else None)


def _state(connection: Connection, revision: str | None) -> SchemaState:
    if revision is None:
        taken = set(inspect(connection).get_table_names()) & set(metadata.tables)
        return SchemaState.FOREIGN if taken else SchemaState.ABSENT
    if revision == NEWEST:
        return SchemaState.CURRENT
    return SchemaState.OLDER if revision in REVISIONS else SchemaState.NEWER


def _unsafe_settings(connection: Connection) -> tuple[str, ...]:
    if connection.dialect.name == "sqlite":
        # Every connection of ours writes with synchronous = FULL, whatever the file says.
        return ()
    return tuple(connection.execute(_UNSAFE_SETTINGS).scalars())


def _marks(keys: Sequence[str]) -> tuple[str, ...]:
    """What the keys are known by; none when one of them is no key, which is a fault of the settings."""
    try:
        return fingerprinter(keys).marks
    except SettingsInvalid:
        return ()


def _keys_in(path: Path) -> list[str]:
    try:
        return [line.strip() for line in text_of(path).splitlines() if line.strip()]
    except (OSError, ValueError):
        return []


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _sqlite(path: Path) -> SqliteFacts:
    beside = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm")), key_path(path)]
    return SqliteFacts(
        path=str(path),
        files=tuple(FileFacts(str(each), stat.S_IMODE(each.stat().st_mode)) for each in beside if each.is_file()),
        holder=_holder(lock_path(path)),
    )


def _holder(lock: Path) -> int | None:
    """The process that holds the lock, 0 for none, None when the system does not say.

    Read from the kernel's list: to try the lock, however shortly, could keep a worker from starting.
    """
    if not lock.is_file():
        return _NOBODY
    inode = str(lock.stat().st_ino)
    try:
        lines = [line.split() for line in _LOCKS.read_text(encoding="ascii").splitlines()]
    except OSError:
        return None
    # By the inode alone: on layered file systems the device is named differently here and there.
    held = [line for line in lines if line[_LOCK_KIND] == "FLOCK" and line[_LOCK_FILE].split(":")[-1] == inode]
    return int(held[0][_LOCK_HOLDER]) if held else _NOBODY
