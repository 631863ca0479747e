"""Measures one program from outside: what it has done, by the events that lie in a queue; what it took, by /proc."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.processes import Usage, usage_of
from bench.systems import Span
from sandbox.demo.programs import Program
from sandbox.servers.errors import ServerFailed

_LOOK_SECONDS = 0.01
_SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a program did with a backlog.

    `cpu_seconds` (user and system) are for 1,000 commands, `switches` (voluntary context switches) for one;
    `first_event_seconds` run from the start of the process; `peak_bytes` are those of its whole life so far.
    """

    commands_per_second: float
    cpu_seconds: float
    switches: float
    peak_bytes: int
    first_event_seconds: float


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    done: int
    usage: Usage


def measure(program: Program, done: Callable[[], int], span: Span, started: float) -> Figures:
    """Watch a program, `started` at that moment of the monotonic clock, work the whole span off.

    `done` counts finished commands. Raises ServerFailed when the program ends before, rests for half a minute, or is
    through with what counts between two looks.
    """
    watch = _Watch(program, done)
    first_event = watch.until(1)
    first = watch.until(max(1, span.warm_up))
    last = watch.until(span.warm_up + span.counted)
    peak_bytes = watch.until(span.total).usage.peak_bytes
    counted = last.done - first.done
    if not counted:
        raise ServerFailed(f"It was through with {last.done} commands between two looks; let it work off more.")
    return Figures(
        commands_per_second=counted / (last.at - first.at),
        cpu_seconds=(last.usage.cpu_seconds - first.usage.cpu_seconds) / counted * 1000,
        switches=(last.usage.switches - first.usage.switches) / counted,
        peak_bytes=peak_bytes,
        first_event_seconds=first_event.at - started,
    )


class _Watch:
    """Looks again and again, and notices when nothing goes on."""

    def __init__(self, program: Program, done: Callable[[], int]) -> None:
        self._program = program
        self._process = program.process
        self._done = done
        self._newest, self._newest_at = 0, time.monotonic()

    def until(self, wanted: int) -> _Look:
        """Return the first look at which so many commands are finished."""
        pause = threading.Event()
        while (done := self._done()) < wanted:
            now = time.monotonic()
            if now - self._newest_at > _SILENCE_SECONDS or not self._program.running:
                raise self._stopped()
            if done > self._newest:
                self._newest, self._newest_at = done, now
            pause.wait(_LOOK_SECONDS)
        self._newest, self._newest_at = done, time.monotonic()
        try:
            return _Look(self._newest_at, done, usage_of(self._process))
        except (FileNotFoundError, ProcessLookupError) as exc:
            raise self._stopped() from exc

    def _stopped(self) -> ServerFailed:
        return ServerFailed(f"It stopped after {self._newest} commands. Its last words: {self._program.last_words}")
