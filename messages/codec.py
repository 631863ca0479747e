"""From bytes to a valid command, or to the reason why there is none."""

import re
from datetime import MAXYEAR, UTC, datetime

from pydantic import ValidationError

from messages import forms
from messages.catalog import CATALOG, Entry
from messages.commands import Command, CommandType
from messages.envelope import Envelope, WireMessage
from messages.errors import CommandName, Invalid, Undecodable, UnknownType
from messages.faults import faults_of
from messages.fields import is_utf8

MAX_ATTRIBUTE_BYTES = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Version ff and ids of zeros alone are what W3C calls invalid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def decode(message: WireMessage) -> Envelope:
    """Read one message in any of its three forms.

    Raises Undecodable, UnknownType or Invalid; each names the broken fields and rules and, where the message says who
    it is, carries the name under which it can be answered.
    """
    body = forms.parse(message.body)
    if isinstance(body, forms.Unreadable):
        raise Undecodable([body.fault], _name(forms.from_properties(message)))
    return _envelope(forms.read(message, body))


def name_from_properties(message: WireMessage) -> CommandName | None:
    """Name a message without looking at its body; None when its properties and headers do not say who it is."""
    return _name(forms.from_properties(message))


def _envelope(attributes: forms.Attributes) -> Envelope:
    name = _name(attributes)
    faults = _envelope_faults(attributes)
    if faults:
        raise Invalid(faults, name)
    entry = _entry(attributes, name)
    time = _epoch_seconds(attributes.time)
    return Envelope(
        id=str(attributes.id),
        source=str(attributes.source),
        type=entry.command,
        subject=_text(attributes.subject),
        time=time,
        correlationid=_text(attributes.correlationid),
        traceparent=_traceparent(attributes.traceparent),
        data=_timely(_command(entry, attributes.data, name), time, name),
    )


def _entry(attributes: forms.Attributes, name: CommandName | None) -> Entry:
    command = next((known for known in CommandType if known == attributes.type), None)
    if command is None:
        raise UnknownType([f"type: is not a command; known are {', '.join(CommandType)}"], name)
    return CATALOG[command]


def _command(entry: Entry, data: object, name: CommandName | None) -> Command:
    if not isinstance(data, dict):
        raise Invalid(["data: must be an object with the command's fields"], name)
    try:
        return entry.model.model_validate(data)
    except ValidationError as exc:
        faults = faults_of(exc)
    # Raised out here, so that the library's own error is in no chain: it holds what was sent.
    raise Invalid(faults, name)


def _timely(command: Command, sent_at: float | None, name: CommandName | None) -> Command:
    # A command that does not say when it was sent is left to the provider: measured from now, its repeat on another
    # day would be answered otherwise than the first.
    faults = command.faults_at(sent_at) if sent_at is not None else ()
    if faults:
        raise Invalid(faults, name)
    return command


def _envelope_faults(attributes: forms.Attributes) -> list[str]:
    faults = [
        fault
        for field in ("id", "source", "type")
        for fault in _text_faults(field, getattr(attributes, field), required=True)
    ]
    for field in ("subject", "correlationid"):
        faults += _text_faults(field, getattr(attributes, field), required=False)
    if attributes.specversion != "1.0":
        faults.append("specversion: must be 1.0")
    if attributes.time is not None and _epoch_seconds(attributes.time) is None:
        faults.append("time: must be an RFC 3339 time with an offset, such as 2026-11-21T09:30:00Z")
    return faults


def _text_faults(field: str, value: object, *, required: bool) -> list[str]:
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


def _text(value: object) -> str | None:
    """The value if it is a usable attribute, else None."""
    return value if isinstance(value, str) and not _text_faults("", value, required=True) else None


def _name(attributes: forms.Attributes) -> CommandName | None:
    source, identity = _text(attributes.source), _text(attributes.id)
    if source is None or identity is None:
        return None
    return CommandName(
        source=source,
        id=identity,
        type=_text(attributes.type),
        subject=_text(attributes.subject),
        username=_customer(attributes),
        correlationid=_text(attributes.correlationid),
        traceparent=_traceparent(attributes.traceparent),
    )


def _customer(attributes: forms.Attributes) -> str | None:
    # The list command's username is a search, and no customer.
    if not isinstance(attributes.data, dict) or attributes.type == CommandType.RETRIEVE_CUSTOMERS:
        return None
    return _text(attributes.data.get("username", attributes.data.get("on_behalf_of")))


def _epoch_seconds(value: object) -> float | None:
    # Beside text: AMQP's own type for a point in time, as a property (epoch seconds) or in a header.
    try:
        match value:
            case bool():
                return None
            case int():
                value = datetime.fromtimestamp(value, UTC)
            case str():
                value = datetime.fromisoformat(value)
        if not isinstance(value, datetime) or not value.tzinfo:
            return None
        # Written with an offset it may lie in no year that there is in UTC.
        moment = value.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    # A year further on the calendar ends, and with it everything that counts days from here.
    return moment.timestamp() if moment.year < MAXYEAR else None


def _traceparent(value: object) -> str | None:
    # A malformed trace context is dropped, as W3C asks: tracing must never refuse a command.
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None
