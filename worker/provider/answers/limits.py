"""How long the provider asks us to wait, by the headers of its answer; their names come in any case."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from worker.provider.wire.transport import Answer

_REMAINING = "X-RateLimit-Remaining"
_TOO_MANY_REQUESTS = 429
#: All intake stands still for as long: a time beyond this one is an error of theirs, and asking again costs little.
_LONGEST_PAUSE_SECONDS = 3600.0
#: Of the year 2001: what is less is no time of day, but seconds from now.
_EARLIEST_EPOCH_SECONDS = 1e9
#: Headers are Latin-1, in which a superscript two passes for a digit.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait after a refusal: Retry-After in seconds or as a date, else X-RateLimit-Reset (epoch, or seconds)."""
    after = headers.get("Retry-After", "").strip()
    seconds = _number(after)
    if seconds is not None:
        return min(seconds, _LONGEST_PAUSE_SECONDS)
    until = _date(after)
    return _seconds_to_reset(headers) if until is None else _seconds_until(until)


def exhausted_seconds(answer: Answer) -> float:
    """How long no further call is allowed, told beside a good answer as well: none remaining until the reset.

    Where no reset is told, Retry-After counts. A 429 names its own time, and is told as what it is.
    """
    if _REMAINING not in answer.headers or answer.status == _TOO_MANY_REQUESTS:
        return 0.0
    if _number(answer.headers[_REMAINING].strip()) != 0:
        return 0.0
    seconds = _seconds_to_reset(answer.headers)
    return (retry_after_seconds(answer.headers) or 0.0) if seconds is None else seconds


def _seconds_to_reset(headers: Mapping[str, str]) -> float | None:
    reset = _number(headers.get("X-RateLimit-Reset", "").strip())
    if reset is None or reset < _EARLIEST_EPOCH_SECONDS:
        return None if reset is None else min(reset, _LONGEST_PAUSE_SECONDS)
    return _seconds_until(reset)


def _seconds_until(epoch_seconds: float) -> float:
    return min(max(0.0, epoch_seconds - time.time()), _LONGEST_PAUSE_SECONDS)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None
