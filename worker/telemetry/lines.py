"""Writes log lines from many threads, none of which waits for another."""

import threading
from collections import deque
from contextlib import suppress
from typing import TextIO


class LineWriter:
    """What structlog hands its finished lines to.

    A lock around the write would be held while the kernel works and then while the thread waits for the interpreter:
    under load every handler queued up behind it. So a line is laid down, and whoever is writing takes it along.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._turn = threading.Lock()

    def msg(self, line: str) -> None:
        """Have the line written at once, by this thread or by the one that is at it. Never raises for the stream."""
        self._waiting.append(line)
        # Looked at again afterwards: another line may have been laid down just before the turn was given up.
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._turn.release()

    debug = info = warning = error = critical = exception = log = msg

    def _write(self) -> None:
        lines = []
        while self._waiting:
            lines.append(self._waiting.popleft() + "\n")
        # A log that cannot be written (a full disk, a reader that has gone) must not stop the work.
        with suppress(OSError):
            self._stream.write("".join(lines))
            self._stream.flush()
