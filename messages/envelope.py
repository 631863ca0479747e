"""The envelope around a command, the message it arrived in, and what its attributes must be.

A text must fit into every header, and no terminal may obey it. A time only informs, so none refuses a command: it is
read in whichever way its emitter wrote it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime, timedelta
from decimal import Decimal

from messages.commands import Command
from messages.fields import is_utf8

MAX_ATTRIBUTE_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: As many digits as no day has: epoch seconds, or a finer unit, written as a text.
_NUMBER = re.compile(r"[0-9]{9,20}(\.[0-9]+)?")
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:[0-9]{2}):60")
#: Seconds, and the milliseconds, microseconds and nanoseconds of one.
_UNITS = (1, 1e3, 1e6, 1e9)
#: Before it no command was sent: what says so is a clock that was never set, or a field that was left at 0.
_FIRST_YEAR = 2000
#: A number is believed only up to here: what counts further is a day and an hour without what keeps them apart.
_LAST_YEAR = 2199


@dataclass(frozen=True, slots=True)
class WireMessage:
    """What the codec reads of a message: the body and the AMQP properties that may carry the envelope.

    `timestamp` is epoch seconds, as AMQP counts. The body may hold secrets, so it is not shown.
    """

    body: bytes = field(repr=False)
    content_type: str | None = None
    type: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    app_id: str | None = None
    timestamp: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One valid command with its identity. `(source, id)` is the idempotency key; `time` is epoch seconds.

    `dropped`: what its emitter sent beside the command and nobody could use, a sentence each, for people.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: float | None
    correlationid: str | None
    traceparent: str | None
    data: Command
    dropped: tuple[str, ...] = ()


def text_faults(field: str, value: object, *, required: bool) -> list[str]:
    """One sentence for the rule that the value breaks; none when it keeps them all."""
    if value is None:
        return [f"{field}: is required"] if required else []
    if not isinstance(value, str):
        return [f"{field}: must be text"]
    if not is_utf8(value):
        return [f"{field}: must be valid Unicode text"]
    size = len(value.encode())
    if not 1 <= size <= MAX_ATTRIBUTE_BYTES:
        return [f"{field}: must have 1 to {MAX_ATTRIBUTE_BYTES} bytes, not {size}"]
    return [f"{field}: must not contain control characters"] if _CONTROL.search(value) else []


def usable(value: object) -> str | None:
    """The value if it keeps these rules, else None."""
    return value if isinstance(value, str) and not text_faults("", value, required=True) else None


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
