"""The log: one line per event with the command's ids; readable on a terminal, JSON lines otherwise. Never a body."""

import hashlib
import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog

from worker.telemetry.lines import LineWriter

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HASH_CHARACTERS = 16


def logger(log_format: str, level: str, stream: TextIO | None = None) -> structlog.typing.FilteringBoundLogger:
    """A logger that writes to the stream (standard output by default), and the libraries' warnings with it."""
    out = stream or sys.stdout
    readable = log_format == "text" or (log_format == "auto" and out.isatty())
    processors: list[Callable[..., Any]] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=readable and out.isatty())
        if readable
        else structlog.processors.JSONRenderer(default=str),
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
