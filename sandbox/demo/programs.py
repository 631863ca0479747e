"""Processes of ours, of the demonstration and of the benchmark: each ends with its owner, however that ends."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.supervised import Supervised

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Program:
    """`python -m ...`, logging into a file in `folder`; with `sweeps`, its end removes the folder too.

    `settings` are environment variables; `python` is the interpreter, our own unless said otherwise.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        settings: Mapping[str, str],
        folder: Path,
        *,
        sweeps: bool = False,
        python: str = sys.executable,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        service = Service(
            argv=[python, "-m", *argv],
            env={**_harmless(os.environ), **settings},
            folder=str(folder) if sweeps else "",
            log=str(self.log),
            companion=[],
            farewell=[],
            uid=None,
            gid=None,
            stop_signal=signal.SIGTERM,
            quit_signal=signal.SIGTERM,
            grace_seconds=15.0,
        )
        self._supervised = Supervised(service)

    def __enter__(self) -> Self:
        """Start it; returns when the process is there."""
        self._supervised.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it, in order."""
        self._supervised.quit()

    @property
    def pid(self) -> int:
        """SIGTERM to this process ends the program, also after `release`."""
        return self._supervised.pid

    @property
    def process(self) -> int:
        """The program's own process, which the guardian has started. Raises ServerFailed when there is none."""
        return _child_of(self._supervised.pid)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._supervised.running

    @property
    def last_words(self) -> str:
        """The end of its log, for people."""
        return self._supervised.last_words(15)

    def release(self) -> None:
        """Let it outlive this process."""
        self._supervised.release()

    def wait_for(self, ready: Callable[[], object]) -> None:
        """Return once it is ready; raises ServerFailed with its last words when it ends before, or takes too long."""
        pause = threading.Event()
        deadline = time.monotonic() + _READY_SECONDS
        while not ready():
            if not self.running or time.monotonic() > deadline:
                raise ServerFailed(f"the {self.name} did not come up; its last words:\n{self.last_words}")
            pause.wait(_POLL_SECONDS)

    def first_line(self) -> str:
        """Wait for the first line it prints; raises ServerFailed as `wait_for` does."""
        self.wait_for(lambda: self.log.exists() and "\n" in self.log.read_text(encoding="utf-8"))
        return self.log.read_text(encoding="utf-8").partition("\n")[0]


def http_port(log: Path) -> int | None:
    """The port a worker says it serves health and metrics on; None while it has not said so."""
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        if '"worker_started"' in line:
            return int(json.loads(line)["http_port"])
    return None


def fetch(url: str) -> str | None:
    """The page, or None while it cannot be had (not listening yet, or 503). Proxies are for other machines."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as answer:
            return bytes(answer.read()).decode()
    except (URLError, OSError):
        return None


def _harmless(environment: Mapping[str, str]) -> dict[str, str]:
    # A demonstration must never reach a real provider, ledger or queue because a shell has them exported.
    return {name: value for name, value in environment.items() if not name.startswith("PROVISIONING_")}


def _child_of(parent: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent_of(int(entry.name)) == parent:
            return int(entry.name)
    raise ServerFailed(f"Process {parent} has no child: what was to be measured has ended.")


def parent_of(process: int) -> int | None:
    """Whose child a process is; None when it is gone."""
    try:
        # The name in parentheses may itself hold spaces and parentheses; the parent is the second word after it.
        return int(Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None
