"""Brings into the one log what would else go to standard error, where a stuck reader holds whoever writes."""

import logging
import sys
import threading
import traceback
from pathlib import Path

import structlog

_Log = structlog.typing.FilteringBoundLogger


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
