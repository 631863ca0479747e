"""The process that stands between an owner and a server, so that the server never outlives its owner.

A program of its own, standard library only: started by its path in a session of its own, so that a Ctrl-C in the
terminal reaches the owner and not the server. Its standard input is a pipe from the owner: one line of JSON (a
`Service`), then one `Order` per line. The pipe closes when the owner ends in whatever way, SIGKILL included, and then
everything is ended. Its standard output says `started`, `failed ...`, `ended` and `released`.

Whatever the server starts, also in sessions of its own, comes back to this process when its parent dies (it is a child
subreaper), so ending means: kill the children until there are none. Should this process itself be killed, the
kernel kills the server (parent-death signal).
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Order(StrEnum):
    """What an owner can ask for. The end of its pipe means `QUIT`."""

    START = "start"
    STOP = "stop"
    KILL = "kill"
    RELEASE = "release"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server: how it starts, how it ends, what is tidied up after it.

    `companion` is a process started just before the server and ended with it. `farewell` is a command run at the very
    end (a container engine keeps its processes elsewhere), and then `folder` is removed; "" keeps it. `uid` and `gid`
    say whom to run as, None for the guardian's own user. `stop_signal` ends the server in order, `quit_signal` when its
    data is thrown away; `grace_seconds` is how long either is given before SIGKILL.
    """

    argv: list[str]
    env: dict[str, str]
    folder: str
    log: str
    companion: list[str]
    farewell: list[str]
    uid: int | None
    gid: int | None
    stop_signal: int
    quit_signal: int
    grace_seconds: float


def prctl(option: int, value: int) -> None:
    """Set one attribute of this process in the kernel."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def children() -> Iterator[int]:
    """Yield the direct children of this process, zombies included."""
    me = str(os.getpid())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in parentheses may itself hold spaces and parentheses; the parent follows the state after it.
                if (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1] == me:
                    yield int(entry.name)


def sweep() -> None:
    """Kill and reap all that descends from this process; return when nothing is left."""
    while True:
        for pid in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Guardian:
    """Obeys the owner's orders until it says quit, is gone, or somebody sends SIGTERM."""

    def __init__(self, service: Service, wake_up: int) -> None:
        self._service = service
        self._wake_up = wake_up
        self._owner: int | None = os.getppid()
        self._server: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def run(self) -> None:
        """Watch and obey, then leave nothing behind."""
        obey = {Order.START: self._start, Order.STOP: self._stop, Order.KILL: self._kill, Order.RELEASE: self._release}
        try:
            for order in self._orders():
                obey[order]()
        finally:
            self._leave_nothing()

    def _orders(self) -> Iterator[Order]:
        while True:
            sources = [self._wake_up] if self._owner is None else [self._wake_up, sys.stdin.fileno()]
            # The time limit is for an owner that died while a forked child of it still holds the pipe.
            ready = select.select(sources, [], [], 1.0)[0]
            if self._wake_up in ready and signal.SIGTERM in os.read(self._wake_up, 64):
                return
            self._notice_end()
            if self._owner is not None and os.getppid() != self._owner:
                return
            if sys.stdin.fileno() in ready:
                lines = os.read(sys.stdin.fileno(), 4096)
                *complete, self._pending = (self._pending + lines).split(b"\n")
                orders = [Order(line.decode()) for line in complete]
                yield from (order for order in orders if order is not Order.QUIT)
                if not lines or Order.QUIT in orders:
                    return

    def _start(self) -> None:
        try:
            if self._service.companion:
                self._spawn(self._service.companion)
            self._server = self._spawn(self._service.argv) if self._service.argv else None
        except OSError as exc:
            self._report(f"failed {exc}")
            return
        self._report("started")

    def _spawn(self, argv: list[str]) -> subprocess.Popen[bytes]:
        service, me = self._service, os.getpid()

        def die_with_guardian() -> None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != me:
                os._exit(1)

        with Path(service.log).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the owner's command
                argv,
                env=service.env,
                cwd=service.folder or "/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=service.uid,
                group=service.gid,
                extra_groups=None if service.uid is None else [],
                preexec_fn=die_with_guardian,  # noqa: PLW1509 - this process has one thread
            )

    def _stop(self) -> None:
        self._end(self._service.stop_signal)
        self._report("ended")

    def _kill(self) -> None:
        self._end(signal.SIGKILL)
        self._report("ended")

    def _release(self) -> None:
        self._owner = None
        self._report("released")

    def _notice_end(self) -> None:
        if self._server is not None and self._server.poll() is not None:
            self._end(signal.SIGKILL)
            self._report("ended")

    def _end(self, first_signal: int) -> None:
        if self._server is not None:
            self._server.send_signal(first_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(self._service.grace_seconds)
            self._server = None
        sweep()

    def _leave_nothing(self) -> None:
        self._end(self._service.quit_signal)
        if self._service.farewell:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(self._service.farewell, check=False, capture_output=True, timeout=30)  # noqa: S603 - the owner's command
        if self._service.folder:
            shutil.rmtree(self._service.folder, ignore_errors=True)

    def _report(self, word: str) -> None:
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{word}\n".encode())


def main() -> None:
    """Read the service from the first line of standard input and guard it."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            return
        line += byte
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
        # A handler that does nothing, not SIG_IGN: what is ignored stays ignored in the server after exec.
        signal.signal(number, lambda *_: None)
    Guardian(Service(**json.loads(line)), reader).run()


if __name__ == "__main__":
    main()
