"""One valid command with its identity, and how it is read from bytes: or the reason why there is none.

A time only informs, so none refuses a command: it is read in whichever way its emitter wrote it.
"""

import re
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from decimal import Decimal

from pydantic import ValidationError

from messages import forms
from messages.catalog import CATALOG, CatalogEntry
from messages.commands import Command, RetrieveCustomers
from messages.errors import CommandName, Invalid, MessageError, Undecodable, UnknownType, faults_of
from messages.fields import text_faults, usable
from messages.forms import Payload, WireMessage

#: As many digits as no day has: epoch seconds, or a finer unit, written as a text.
_NUMBER = re.compile(r"[0-9]{9,20}(\.[0-9]+)?")
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:[0-9]{2}):60")
#: Seconds, and the milliseconds, microseconds and nanoseconds of one.
_UNITS = (1, 1e3, 1e6, 1e9)
#: Before it no command was sent: what says so is a clock that was never set, or a field that was left at 0.
_FIRST_YEAR = 2000
#: A number is believed only up to here: what counts further is a day and an hour without what keeps them apart.
_LAST_YEAR = 2199
#: A time only informs, so one that cannot be used refuses nothing.
_NO_TIME = "time: names no moment with its offset, such as 2026-11-21T09:30:00Z, so it was dropped"
#: Version ff and ids of zeros alone are what W3C calls invalid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


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


def decode(message: WireMessage) -> Envelope:
    """Read one message in any of its three forms.

    Raises Undecodable, UnknownType or Invalid; each names the broken fields and rules and, where the message says who
    it is, carries the name under which it can be answered.
    """
    body = forms.read_body(message.body)
    if isinstance(body, forms.UnreadableForm):
        raise Undecodable([body.fault], name_from_properties(message))
    attributes = forms.read(message, body)
    try:
        return _envelope(attributes)
    except MessageError as error:
        error.name = _name(attributes) or _name(attributes, *forms.beside(message))
        raise


def name_from_properties(message: WireMessage) -> CommandName | None:
    """Name a message without looking at its body; None when its properties and headers do not say who it is."""
    return _name(*forms.beside(message))


def _envelope(attributes: forms.Attributes) -> Envelope:
    # What can be read in two ways is judged no further: every other rule may be about the wrong one of them.
    faults = attributes.faults or _envelope_faults(attributes)
    if faults:
        raise Invalid(faults)
    entry = _entry(attributes)
    time = epoch_seconds(attributes.time)
    return Envelope(
        id=str(attributes.id),
        source=str(attributes.source),
        type=entry.command,
        subject=usable(attributes.subject),
        time=time,
        correlationid=usable(attributes.correlationid),
        traceparent=_traceparent(attributes.traceparent),
        data=_timely(_command(entry, attributes.data), time),
        dropped=(_NO_TIME,) if attributes.time is not None and time is None else (),
    )


def _entry(attributes: forms.Attributes) -> CatalogEntry:
    entry = CATALOG.get(str(attributes.type))
    if entry is None:
        raise UnknownType([f"type: is not a command; known are {', '.join(CATALOG)}"])
    return entry


def _command(entry: CatalogEntry, data: Payload) -> Command:
    if data.faults:
        raise Invalid(data.faults)
    try:
        return entry.model.model_validate(data.content)
    except ValidationError as exc:
        faults = faults_of(exc)
    # Raised out here, so that the library's own error is in no chain: it holds what was sent.
    raise Invalid(faults)


def _timely(command: Command, sent_at: float | None) -> Command:
    # A command that does not say when it was sent is left to the provider: measured from now, its repeat on another
    # day would be answered otherwise than the first.
    faults = command.faults_at(sent_at) if sent_at is not None else ()
    if faults:
        raise Invalid(faults)
    return command


def _envelope_faults(attributes: forms.Attributes) -> list[str]:
    faults = [
        fault
        for field in ("id", "source", "type")
        for fault in text_faults(field, getattr(attributes, field), required=True)
    ]
    for field in ("subject", "correlationid"):
        faults += text_faults(field, getattr(attributes, field), required=False)
    if attributes.specversion != "1.0":
        faults.append("specversion: must be 1.0")
    return faults


def _name(*sources: forms.Attributes) -> CommandName | None:
    """The command's name, each attribute from the first who has a usable one."""

    def first(attribute: str) -> str | None:
        return next((text for each in sources if (text := usable(getattr(each, attribute))) is not None), None)

    source, identity = first("source"), first("id")
    if source is None or identity is None:
        return None
    return CommandName(
        source=source,
        id=identity,
        type=first("type"),
        subject=first("subject"),
        username=_customer(sources[0]),
        correlationid=first("correlationid"),
        traceparent=_traceparent(sources[0].traceparent),
    )


def _customer(attributes: forms.Attributes) -> str | None:
    # The list command's username is a search, and no customer.
    data = attributes.data.content
    if not isinstance(data, dict) or attributes.type == RetrieveCustomers.__name__:
        return None
    return usable(data.get("username", data.get("on_behalf_of")))


def _traceparent(value: object) -> str | None:
    # A malformed trace context is dropped, as W3C asks: tracing must never refuse a command.
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


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
