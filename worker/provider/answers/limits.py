"""How long the provider asks us to wait, by the headers of its answer; their names come in any case."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from worker.domain.recoverability import LONGEST_PAUSE_SECONDS
from worker.provider.wire.transport import HttpAnswer

_REMAINING = "X-RateLimit-Remaining"
_TOO_MANY_REQUESTS = 429
#: From the year 2001 on: what is less is no time of day, but seconds from now.
_EARLIEST_EPOCH_SECONDS = 1e9
#: Beyond the year 5000: what is more counts milliseconds, or finer, since the epoch.
_LATEST_EPOCH_SECONDS = 1e11
_FINER_UNITS = (1.0, 1e3, 1e6, 1e9)
#: Headers are Latin-1, in which a superscript two passes for a digit.
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s)?")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait after a refusal: Retry-After, else X-RateLimit-Reset; None when neither can be read.

    Both are read as seconds from now, as a time of day in seconds or milliseconds since the epoch, and as a date of
    HTTP or of ISO 8601; a number with the unit `ms` is one of milliseconds.
    """
    seconds = _wait(headers, "Retry-After")
    return _wait(headers, "X-RateLimit-Reset") if seconds is None else seconds


def asked_for_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that any other failure asks for: Retry-After alone, since the reset stands beside every answer."""
    return _wait(headers, "Retry-After")


def exhausted_seconds(answer: HttpAnswer) -> float:
    """How long no further call is allowed, said beside a good answer as well: none remaining until the reset.

    Where no reset is named, Retry-After counts. A 429 names its own time, and is raised as what it is.
    """
    if _REMAINING not in answer.headers or answer.status == _TOO_MANY_REQUESTS:
        return 0.0
    if _number(answer.headers[_REMAINING].strip()) != 0:
        return 0.0
    seconds = _wait(answer.headers, "X-RateLimit-Reset")
    return (retry_after_seconds(answer.headers) or 0.0) if seconds is None else seconds


def epoch_seconds(date: str) -> float | None:
    """A date of HTTP, in any of its three forms, or of ISO 8601; UTC where it names no zone. None for what is none."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(date.removesuffix(" UTC"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _wait(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    number = _number(text)
    if number is not None and number < _EARLIEST_EPOCH_SECONDS:
        return min(number, LONGEST_PAUSE_SECONDS)
    until = epoch_seconds(text) if number is None else _in_seconds(number)
    return None if until is None else min(max(0.0, until - _now(headers)), LONGEST_PAUSE_SECONDS)


def _in_seconds(epoch: float) -> float:
    return next((epoch / unit for unit in _FINER_UNITS if epoch / unit < _LATEST_EPOCH_SECONDS), epoch)


def _now(headers: Mapping[str, str]) -> float:
    # Their time is measured by their clock: ours may be off by more than the whole wait.
    server_time = epoch_seconds(headers.get("Date", "").strip())
    return time.time() if server_time is None else server_time


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    return float(found[1]) / (1e3 if found[2] == "ms" else 1.0)
