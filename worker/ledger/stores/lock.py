"""A lock between processes that the kernel takes back from a dead holder, however it died."""

import fcntl
import os
from pathlib import Path

from worker.errors import LedgerRefused, LedgerUnavailable


class LockHeld(LedgerRefused):
    """Another process has the ledger's lock: `holder` is its id, or `unknown`."""

    def __init__(self, ledger: Path, holder: str) -> None:
        super().__init__(
            f"The ledger {ledger} is in use by process {holder}. One SQLite ledger serves one worker: stop that "
            "process, or give this worker a PostgreSQL ledger (PROVISIONING_LEDGER__URL)."
        )
        self.holder = holder


class ProcessLock:
    """Held from its making until `release`, or until this process ends. The file stays: deleting it would let two in.

    Raises LockHeld when another process holds it.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise LedgerUnavailable(f"The ledger's lock file {path} cannot be opened: {exc.strerror}.") from exc
        self._lock(self._descriptor, path)

    def release(self) -> None:
        """Let others in. Calling it again changes nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _lock(self, descriptor: int, path: Path) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise LockHeld(path.with_suffix(""), holder) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
