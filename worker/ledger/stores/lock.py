"""A lock between processes that the kernel takes back from a dead holder, however it died."""

import fcntl
import os
from pathlib import Path

from worker.errors import LedgerRefused, LedgerUnavailable


class ProcessLock:
    """Held from its making until `release`, or until this process ends. The file stays: deleting it would let two in.

    Raises LedgerRefused when another process holds it, and names that process.
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
            raise LedgerRefused(
                f"The ledger {path.with_suffix('')} is in use by process {holder}. One SQLite ledger serves one "
                "worker: stop that process, or give this worker a PostgreSQL ledger (PROVISIONING_LEDGER__URL)."
            ) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
