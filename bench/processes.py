"""What a program and everything it has started took of the machine, as /proc says."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.programs import parent_of

_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process and its descendants: user and system seconds, voluntary context switches, bytes at most so far.

    Switches are those of the threads that live. What children share with each other is in `peak_bytes` once for each.
    """

    cpu_seconds: float
    switches: int
    peak_bytes: int


def usage_of(process: int) -> Usage:
    """Look at it now. Raises FileNotFoundError when the process is gone."""
    everyone = [process, *_descendants(process)]
    return Usage(
        sum(_cpu_seconds(one) for one in everyone),
        sum(_switches(one) for one in everyone),
        sum(_peak_bytes(one) for one in everyone),
    )


def _descendants(process: int) -> list[int]:
    parents = {int(entry.name): parent_of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found and child not in found}:
        found |= more
    return sorted(found - {process})


def _cpu_seconds(process: int) -> float:
    # The name in parentheses may itself hold spaces; user and system time are the 12th and 13th word after it.
    words = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _switches(process: int) -> int:
    # The process's own status counts its main thread alone.
    return sum(_status(thread, "voluntary_ctxt_switches:") for thread in _threads(process))


def _peak_bytes(process: int) -> int:
    return _status(Path(f"/proc/{process}"), "VmHWM:") * _KIBIBYTE


def _threads(process: int) -> Iterator[Path]:
    yield from Path(f"/proc/{process}/task").iterdir()


def _status(folder: Path, name: str) -> int:
    try:
        lines = (folder / "status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # a thread that has just ended
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
