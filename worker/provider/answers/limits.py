"""How long the provider asks us to wait, by the headers of its answer; their names come in any case."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from worker.provider.wire.transport import Answer

_REMAINING = "X-RateLimit-Remaining"
_TOO_MANY_REQUESTS = 429
#: All intake stands still for as long: a time beyond this one is an error of theirs, and asking again costs little.
_LONGEST_PAUSE_SECONDS = 3600.0


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait after a refusal: Retry-After in seconds or as a date, else X-RateLimit-Reset (epoch)."""
    after = headers.get("Retry-After", "").strip()
    if _is_number(after):
        return min(float(after), _LONGEST_PAUSE_SECONDS)
    until = _date(after)
    return _seconds_to_reset(headers) if until is None else _seconds_until(until)


def exhausted_seconds(answer: Answer) -> float:
    """How long no further call is allowed, told beside a good answer as well: none remaining until the reset.

    A 429 names its own time, and is told as what it is.
    """
    if _REMAINING not in answer.headers or answer.status == _TOO_MANY_REQUESTS:
        return 0.0
    if answer.headers[_REMAINING].strip() != "0":
        return 0.0
    return _seconds_to_reset(answer.headers) or 0.0


def _seconds_to_reset(headers: Mapping[str, str]) -> float | None:
    reset = headers.get("X-RateLimit-Reset", "").strip()
    return _seconds_until(float(reset)) if _is_number(reset) else None


def _seconds_until(epoch_seconds: float) -> float:
    return min(max(0.0, epoch_seconds - time.time()), _LONGEST_PAUSE_SECONDS)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_number(text: str) -> bool:
    # Headers are Latin-1, in which a superscript two passes for a digit.
    return text.isascii() and text.isdigit()
