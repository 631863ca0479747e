"""Writes log lines on a thread of its own, so that no work ever waits for whoever reads them."""

import io
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TextIO

#: Some megabytes, and some seconds of a busy worker.
MOST_LINES = 10_000
#: A stop waits no longer than this for whoever reads the log.
FLUSH_SECONDS = 1.0
_BATCH_CHARACTERS = 32_768
_READY_SECONDS = 1.0

Put = Callable[[bytes], int]


class LineWriter:
    """What structlog hands its finished lines to. It never raises, and never waits for the stream.

    The standard library's QueueListener is no such thing: its stop waits for the stream, and its queue has no limit.

    Lines wait in memory, at most `most_lines`; beyond that the oldest is dropped and counted in `dropped`, as is what
    the stream refuses (a full disk, a reader that has gone). `flows_again` hears how many that were, once everything
    that waited has been written. A character that the stream's encoding has not is written as its escape.
    """

    def __init__(self, stream: TextIO, most_lines: int = MOST_LINES) -> None:
        self.is_terminal = stream.isatty()
        self.flows_again: Callable[[int], None] = lambda _count: None
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._put = _putting(stream, self._encoding)
        self._most = most_lines
        self._waiting: SimpleQueue[str | threading.Event] = SimpleQueue()
        self._counting = threading.Lock()
        self._dropped = self._reported = 0
        self._cut = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def dropped(self) -> int:
        """How many lines were never written."""
        return self._dropped

    def start(self) -> None:
        """Start the thread; what was said before is written first."""
        self._thread.start()

    def stop(self, deadline_seconds: float = FLUSH_SECONDS) -> None:
        """Write what was said so far and end the thread; a stream that takes nothing is waited for only so long.

        What is said after it counts as dropped.
        """
        is_written = not self.alive or self.flush(deadline_seconds)
        self._stopping.set()
        # Wakes the thread: it may have begun to wait for the next line.
        self._waiting.put(threading.Event())
        if is_written and self.alive:
            self._thread.join(deadline_seconds)

    def msg(self, line: str) -> None:
        """Have the line written soon."""
        if self._stopping.is_set() and not self.alive:
            self._lose([line])
            return
        self._waiting.put(line)
        if self._waiting.qsize() > self._most:
            with suppress(Empty):
                self._lose([self._waiting.get_nowait()])

    debug = info = warning = error = critical = exception = log = msg

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait, at most so long, until everything said so far is written; False when it is not."""
        written = threading.Event()
        self._waiting.put(written)
        return written.wait(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set() or not self._waiting.empty():
            batch = self._next_batch()
            self._write([entry for entry in batch if isinstance(entry, str)])
            for entry in batch:
                if isinstance(entry, threading.Event):
                    entry.set()

    def _next_batch(self) -> list[str | threading.Event]:
        batch = [self._waiting.get()]
        size = 0
        with suppress(Empty):
            while size < _BATCH_CHARACTERS:
                size += len(batch[-1]) if isinstance(batch[-1], str) else 0
                batch.append(self._waiting.get_nowait())
        return batch

    def _write(self, lines: list[str]) -> None:
        # The rest of a line that was cut off would make the next one unreadable too.
        text = "\n" * self._cut + "".join(line + "\n" for line in lines)
        content = memoryview(text.encode(self._encoding, "backslashreplace"))
        written = 0
        try:
            while written < len(content):
                written += self._put(content[written:].tobytes())
        except Exception:  # noqa: BLE001 - whatever a stream can do; there would be no log any more
            done = content[:written].tobytes()
            self._cut = bool(done) and not done.endswith(b"\n")
            self._lose(lines[done.count(b"\n") :])
            return
        self._cut = False
        if self._dropped > self._reported and self._waiting.empty():
            count, self._reported = self._dropped - self._reported, self._dropped
            self.flows_again(count)

    def _lose(self, entries: list[str] | list[str | threading.Event]) -> None:
        with self._counting:
            self._dropped += sum(isinstance(entry, str) for entry in entries)


def _putting(stream: TextIO, encoding: str) -> Put:
    """How bytes get into the stream; answers how many were taken.

    Its own buffer is left out where that can be: it would be locked while a reader does not read, and the interpreter
    cannot end a process with such a lock held.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):
        return lambda content: _put_text(stream, content, encoding)
    return lambda content: _put_bytes(descriptor, content)


def _put_bytes(descriptor: int, content: bytes) -> int:
    try:
        return os.write(descriptor, content)
    except BlockingIOError:
        # Whoever shares the pipe has made it one that does not wait.
        select.select([], [descriptor], [], _READY_SECONDS)
        return 0


def _put_text(stream: TextIO, content: bytes, encoding: str) -> int:
    with suppress(io.UnsupportedOperation):
        stream.write(content.decode(encoding))
        stream.flush()
    return len(content)
