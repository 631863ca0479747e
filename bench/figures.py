"""Measures one program from outside: what it has done, by the events that lie in a queue; what it took, by /proc."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.programs import BenchProgram
from sandbox.servers.errors import ServerFailed

_LOOK_SECONDS = 0.01
_SILENCE_SECONDS = 30.0
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Span:
    """How many commands pass before the counting begins, and how many are counted."""

    warm_up: int
    counted: int

    @property
    def total(self) -> int:
        """All commands of the run."""
        return self.warm_up + self.counted


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. `cpu_seconds` (user and system) are per 1,000 commands; `peak_bytes` of the whole process."""

    commands_per_second: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    done: int
    cpu_seconds: float


def measure(program: BenchProgram, done: Callable[[], int], span: Span) -> Figures:
    """Watch a program work the whole span off. `done` counts finished commands.

    Raises ServerFailed when it ends before, or nothing is done for half a minute.
    """
    pid = program.pid
    watch = _Watch(program, lambda: _Look(time.monotonic(), done(), _cpu_seconds(pid)))
    first = watch.until(span.warm_up)
    last = watch.until(span.total)
    counted = last.done - first.done
    return Figures(
        commands_per_second=counted / (last.at - first.at),
        cpu_seconds=(last.cpu_seconds - first.cpu_seconds) / counted * 1000,
        peak_bytes=_peak_bytes(pid),
    )


class _Watch:
    """Looks again and again, and notices when nothing goes on."""

    def __init__(self, program: BenchProgram, look: Callable[[], _Look]) -> None:
        self._program = program
        self._look = look
        self._newest = _Look(time.monotonic(), 0, 0.0)

    def until(self, done: int) -> _Look:
        """Return the first look at which so many commands are finished."""
        pause = threading.Event()
        while (look := self._next()).done < done:
            if look.at - self._newest.at > _SILENCE_SECONDS:
                raise self._stopped()
            if look.done > self._newest.done:
                self._newest = look
            pause.wait(_LOOK_SECONDS)
        self._newest = look
        return look

    def _next(self) -> _Look:
        try:
            return self._look()
        except FileNotFoundError as exc:
            # /proc forgets a process when it ends.
            raise self._stopped() from exc

    def _stopped(self) -> ServerFailed:
        words = self._program.last_words
        return ServerFailed(f"It stopped after {self._newest.done} commands. Its last words: {words}")


def _cpu_seconds(pid: int) -> float:
    # The name in parentheses may itself hold spaces; user and system time are the 12th and 13th word after it.
    words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("VmHWM:"))
