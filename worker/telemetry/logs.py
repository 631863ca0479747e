"""The log: one line per event with the command's ids; readable on a terminal, JSON lines otherwise. Never a body.

Lines are written on a thread of their own, so that no work ever waits for whoever reads them. What would else go to
standard error, where a stuck reader holds whoever writes, is brought into it.
"""

import hashlib
import io
import json
import logging
import os
import select
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TextIO

import structlog

from worker.domain.texts.printable import visible

#: Some megabytes, and some seconds of a busy worker.
MOST_LINES = 10_000
#: A stop waits no longer than this for whoever reads the log.
FLUSH_SECONDS = 1.0
_BATCH_CHARACTERS = 32_768
_READY_SECONDS = 1.0

Put = Callable[[bytes], int]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HASH_CHARACTERS = 16
#: In the log's words, once it flows again.
DROPPED = "Nobody took the log's lines for a while, or not fast enough. Work went on; look at what reads the log."

Processor = Callable[..., Any]
_Line = MutableMapping[str, Any]

_Log = structlog.typing.FilteringBoundLogger


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


def logger(log_format: str, level: str, lines: LineWriter) -> structlog.typing.FilteringBoundLogger:
    """A logger that writes these lines. Its calls never raise and never wait."""
    readable = log_format == "text" or (log_format == "auto" and lines.is_terminal)
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([_visible, structlog.dev.ConsoleRenderer(colors=lines.is_terminal)] if readable else [_as_json]),
    ]
    bound: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        lines,
        processors=[partial(_rendered, processors)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    ).bind()
    lines.flows_again = lambda count: bound.warning("log_lines_dropped", count=count, detail=DROPPED)
    return bound


def subject_writer(mode: str) -> Callable[[str | None], str | None]:
    """How customer references are written: as they are, or as a short hash that still keeps them apart."""
    if mode == "plain":
        return lambda subject: subject
    return lambda subject: _hashed(subject) if subject else subject


def _hashed(subject: str) -> str:
    return hashlib.sha256(subject.encode(errors="backslashreplace")).hexdigest()[:_HASH_CHARACTERS]


def _rendered(processors: Sequence[Processor], log: object, method: str, event: dict[str, Any]) -> Any:  # noqa: ANN401
    """The line; when a value cannot be written, one that names it and keeps the texts and numbers."""
    line = event
    try:
        for processor in processors:
            line = processor(log, method, line)
    except Exception as fault:  # noqa: BLE001 - a report that fails must not end the work
        kept = {name: value for name, value in event.items() if isinstance(value, str | int | float)}
        failed = {
            "event": "log_line_failed",
            "level": "error",
            "line": kept.get("event"),
            "fault": type(fault).__name__,
        }
        return _as_json(log, method, kept | failed)
    return line


def _visible(_logger: object, _method: str, line: _Line) -> _Line:
    """Make the texts of others visible; a traceback keeps its lines, indented, so that none looks like a log line."""
    shown = {name: visible(value) if isinstance(value, str) else value for name, value in line.items()}
    if isinstance(line.get("exception"), str):
        shown["exception"] = "\n".join(f"    {visible(each)}" for each in line["exception"].split("\n"))
    return shown


def _as_json(_logger: object, _method: str, line: _Line) -> str:
    return json.dumps(line, default=str)


class _Forwarder(logging.Handler):
    """What libraries log through the standard library, and what fails in logging."""

    def __init__(self, log: _Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("worker."):
            self._own(record)
            return
        # Only who and where: a library's text may repeat a URL or a body.
        error = record.exc_info[0] if record.exc_info else None
        named = {"error": error.__name__} if error else {}
        self._log.warning("library_warning", library=record.name, where=f"{record.module}:{record.lineno}", **named)

    def _own(self, record: logging.LogRecord) -> None:
        # The texts are ours and repeat no value; the words of the error may.
        where, named = f"{record.filename}:{record.lineno} in {record.funcName}", {}
        if record.exc_info and record.exc_info[0]:
            named = {"error": record.exc_info[0].__name__}
            for frame in traceback.extract_tb(record.exc_info[2])[-1:]:
                where = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
        self._log.log(record.levelno, "telling_failed", what=record.getMessage(), where=where, **named)


def forward_libraries(log: _Log) -> None:
    """Name in the log what libraries log and warn of."""
    root = logging.getLogger()
    root.handlers[:] = [_Forwarder(log)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # The broker's room reports what happens to its connections in its own words, once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def forward_last_words(log: _Log) -> None:
    """Log the exceptions that end a thread or that no code can catch."""

    def thread_ended(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else "unknown"
        log.error("thread_ended", thread=name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        log.error("error_ignored", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    threading.excepthook = thread_ended
    sys.unraisablehook = unraisable
