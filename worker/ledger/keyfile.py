"""The generated key file beside a SQLite ledger."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet

from worker.errors import LedgerRefused, LedgerUnavailable, SettingsInvalid
from worker.ledger.keys import check_keys
from worker.ledger.stores.sqlite import create, key_path, lock_path, refuse_lost, remains
from worker.ledger.stores.url import is_sqlite, parse, sqlite_path
from worker.received.marks import text_of

_KEYS_NEEDED = (
    "PROVISIONING_SECRETS__KEYS is required with a PostgreSQL ledger, the same for every replica. Make one with: "
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)


def load_keys(configured: Sequence[str], ledger_url: str) -> tuple[str, ...]:
    """Give the keys that were set or, with a SQLite ledger, those of the file beside it, made when there is none yet.

    Raises SettingsInvalid when they are no keys, or none are set for a PostgreSQL ledger; LedgerRefused when the file
    is missing but the ledger it belongs to is not, or the other way round.
    """
    if configured:
        check_keys(configured)
    url = parse(ledger_url)
    if is_sqlite(url):
        _refuse_lost(sqlite_path(url))
        return tuple(configured) or _load_file(sqlite_path(url))
    if not configured:
        raise SettingsInvalid([_KEYS_NEEDED])
    return tuple(configured)


def _refuse_lost(ledger: Path) -> None:
    # A worker was here: its lock stays when it ends, also where the keys are kept elsewhere.
    lock = lock_path(ledger)
    refuse_lost(ledger, [*remains(ledger), *([lock] if lock.exists() and not ledger.exists() else [])])


def _load_file(ledger: Path) -> tuple[str, ...]:
    path = key_path(ledger)
    try:
        if not path.exists():
            _refuse_orphan(ledger, path)
            # First of all: a key file without its ledger says that there was one.
            create(ledger)
            _make(path)
        keys = tuple(line.strip() for line in text_of(path).splitlines() if line.strip())
    except OSError as exc:
        raise LedgerUnavailable(f"The key file {path} cannot be read or made: {exc.strerror}.") from exc
    check_keys(keys)
    return keys


def _refuse_orphan(ledger: Path, path: Path) -> None:
    if ledger.exists() and ledger.stat().st_size > 0:
        raise LedgerRefused(
            f"The ledger {ledger} is there, its key file {path} is not: with a new key every repeat of an earlier "
            "command would look like another command. Restore the file, or set the key in PROVISIONING_SECRETS__KEYS."
        )


def _make(path: Path) -> None:
    """Write a whole file under another name first: whoever comes at the same moment finds all of it or nothing."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(Path(draft), path)
    finally:
        Path(draft).unlink()


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
