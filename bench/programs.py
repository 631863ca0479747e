"""The benchmark's processes: each ends with the benchmark, however that ends, and can be measured from outside."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.supervised import Supervised

_PROJECT = Path(__file__).resolve().parents[1]
_READY_SECONDS = 30.0
_POLL_SECONDS = 0.02
_GRACE_SECONDS = 30.0


class BenchProgram:
    """`python -m ...` with a log in `folder`. `settings` are the names after `PROVISIONING_`; no others are passed."""

    def __init__(self, name: str, argv: Sequence[str], settings: Mapping[str, str], folder: Path) -> None:
        self._name = name
        self._log = folder / f"{name}.log"
        service = Service(
            argv=[sys.executable, "-m", *argv],
            env=_environment(settings),
            folder="",
            log=str(self._log),
            companion=[],
            farewell=[],
            uid=None,
            gid=None,
            stop_signal=signal.SIGTERM,
            quit_signal=signal.SIGTERM,
            grace_seconds=_GRACE_SECONDS,
        )
        self._supervised = Supervised(service)

    def __enter__(self) -> Self:
        """Start it; returns when the process is there."""
        self._supervised.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it in order."""
        self._supervised.quit()

    @property
    def pid(self) -> int:
        """The program's own process (its guardian stands between it and us)."""
        return _child_of(self._supervised.pid)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._supervised.running

    @property
    def last_words(self) -> str:
        """The end of its log, for people."""
        return self._supervised.last_words(15)

    def first_line(self) -> str:
        """Wait for the first line it prints. Raises ServerFailed when none comes."""
        pause = threading.Event()
        deadline = time.monotonic() + _READY_SECONDS
        while self.running and time.monotonic() < deadline:
            line, end, _ = self._log.read_text(encoding="utf-8").partition("\n")
            if end:
                return line
            pause.wait(_POLL_SECONDS)
        raise ServerFailed(f"The {self._name} did not come up. Its last words: {self.last_words}")


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    # Nothing that a shell happens to have exported may change what is measured.
    passed = {name: value for name, value in os.environ.items() if not name.startswith("PROVISIONING_")}
    named = {f"PROVISIONING_{name}": value for name, value in settings.items()}
    return {**passed, **named, "PYTHONPATH": str(_PROJECT)}


def _child_of(parent: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == parent:
            return int(entry.name)
    raise ServerFailed(f"Process {parent} has no child: what was to be measured has ended.")


def _parent(process: Path) -> int | None:
    try:
        # The name in parentheses may itself hold spaces and parentheses; the parent is the second word after it.
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None
