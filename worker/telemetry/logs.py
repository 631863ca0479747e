"""The log: one line per event with the command's ids; readable on a terminal, JSON lines otherwise. Never a body."""

import hashlib
import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

from worker.domain.visible import visible
from worker.telemetry.lines import LineWriter

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HASH_CHARACTERS = 16

_Line = MutableMapping[str, Any]


def logger(log_format: str, level: str, stream: TextIO | None = None) -> structlog.typing.FilteringBoundLogger:
    """A logger that writes to the stream (standard output by default), and the libraries' warnings with it."""
    out = stream or sys.stdout
    readable = log_format == "text" or (log_format == "auto" and out.isatty())
    processors: list[Callable[..., Any]] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([_visible, structlog.dev.ConsoleRenderer(colors=out.isatty())] if readable else [_as_json]),
    ]
    bound: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        LineWriter(out),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    ).bind()
    _take_over_the_libraries(bound)
    return bound


def subject_writer(mode: str) -> Callable[[str | None], str | None]:
    """How customer references are written: as they are, or as a short hash that still tells them apart."""
    if mode == "plain":
        return lambda subject: subject
    return lambda subject: hashlib.sha256(subject.encode()).hexdigest()[:_HASH_CHARACTERS] if subject else subject


def _visible(_logger: object, _method: str, line: _Line) -> _Line:
    """Make the texts of others visible; a traceback keeps its lines, indented, so that none looks like a log line."""
    shown = {name: visible(value) if isinstance(value, str) else value for name, value in line.items()}
    if isinstance(line.get("exception"), str):
        shown["exception"] = "\n".join(f"    {visible(each)}" for each in line["exception"].split("\n"))
    return shown


def _as_json(_logger: object, _method: str, line: _Line) -> str:
    # The library escapes every control character but this one.
    return json.dumps(line, default=str).replace("\x7f", "\\u007f")


class _Forwarder(logging.Handler):
    """Brings what libraries log through the standard library into the one log."""

    def __init__(self, bound: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._bound = bound

    def emit(self, record: logging.LogRecord) -> None:
        # Only who and where: a library's text may repeat a URL or a body.
        self._bound.warning("library_warning", library=record.name, where=f"{record.module}:{record.lineno}")


def _take_over_the_libraries(bound: structlog.typing.FilteringBoundLogger) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Forwarder(bound)]
    root.setLevel(logging.WARNING)
    # The broker's room tells what happens to its connections in its own words, once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
