"""Whether a SQLite ledger's files still bear their names: who backs up, restores or tidies up may take them away.

An open file stays writable when it has lost its name. What is written into it then is gone with the process, so what
was committed counts only once all of the names lead to the files that are open.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker.ledger.stores.store import Displaced

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
    """Knows the files of one open ledger; asked by several threads."""

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
        """For a connection that was just opened: what checks its logs as well, as long as it stays open.

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
