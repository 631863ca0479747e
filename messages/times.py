"""When a command was sent, in whichever way its emitter wrote it. It only informs, so no time refuses a command."""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta
from decimal import Decimal

#: As many digits as no day has: epoch seconds, or a finer unit, written as a text.
_NUMBER = re.compile(r"[0-9]{9,20}(\.[0-9]+)?")
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:[0-9]{2}):60")
#: Seconds, and the milliseconds, microseconds and nanoseconds of one.
_UNITS = (1, 1e3, 1e6, 1e9)
#: Before it no command was sent: what says so is a clock that was never set, or a field that was left at 0.
_FIRST_YEAR = 2000
#: A number is believed only up to here: what counts further is a day and an hour without what keeps them apart.
_LAST_YEAR = 2199


def epoch_seconds(value: object) -> float | None:
    """The moment in epoch seconds; None when the value names none.

    Understood are ISO 8601 with an offset, a leap second as the second after it, epoch seconds (a number, or digits),
    and epoch milliseconds, microseconds and nanoseconds where they are too large for seconds.
    """
    match value:
        case bool():
            return None
        case int() | float() | Decimal():
            return _counted(value)
        case str() if _NUMBER.fullmatch(value):
            return _counted(Decimal(value))
        case str():
            return _written(value)
        case datetime():
            return _moment(value)
        case _:
            return None


def _counted(value: float | Decimal) -> float | None:
    for unit in _UNITS:
        try:
            moment = datetime.fromtimestamp(float(value) / unit, UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return moment.timestamp()
    return None


def _written(text: str) -> float | None:
    # RFC 3339 allows lower case; Python reads upper case alone, and no leap second.
    large = text.upper()
    usual, leaps = _LEAP_SECOND.subn(r"\1:59", large)
    try:
        return _moment(datetime.fromisoformat(usual) + timedelta(seconds=leaps))
    except (ValueError, OverflowError):
        return None


def _moment(value: datetime) -> float | None:
    if not value.tzinfo:
        # Without an offset it may be any of 27 hours.
        return None
    try:
        moment = value.astimezone(UTC)
    except (ValueError, OverflowError):
        # Written with an offset it may lie in no year that there is in UTC.
        return None
    # A year further on the calendar ends, and with it everything that counts days from here.
    return moment.timestamp() if _FIRST_YEAR <= moment.year < MAXYEAR else None
