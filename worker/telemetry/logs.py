"""The log: one line per event with the command's ids; readable on a terminal, JSON lines otherwise. Never a body."""

import hashlib
import json
import logging
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any

import structlog

from worker.domain.texts.printable import visible
from worker.telemetry.lines import LineWriter

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HASH_CHARACTERS = 16
#: In the log's words, once it flows again.
DROPPED = "Nobody took the log's lines for a while, or not fast enough. Work went on; look at what reads the log."

Processor = Callable[..., Any]
_Line = MutableMapping[str, Any]


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
