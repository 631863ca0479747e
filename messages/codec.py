"""From bytes to a valid command, or to the reason why there is none."""

import re

from pydantic import ValidationError

from messages import forms
from messages.catalog import CATALOG, Entry
from messages.commands import Command, CommandType
from messages.envelope import Envelope, WireMessage
from messages.errors import CommandName, Invalid, MessageError, Undecodable, UnknownType
from messages.faults import faults_of
from messages.fields import is_utf8
from messages.payload import Payload
from messages.times import epoch_seconds

MAX_ATTRIBUTE_BYTES = 255

#: A time only informs, so one that cannot be used refuses nothing.
_NO_TIME = "time: names no moment with its offset, such as 2026-11-21T09:30:00Z, so it was dropped"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Version ff and ids of zeros alone are what W3C calls invalid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def decode(message: WireMessage) -> Envelope:
    """Read one message in any of its three forms.

    Raises Undecodable, UnknownType or Invalid; each names the broken fields and rules and, where the message says who
    it is, carries the name under which it can be answered.
    """
    body = forms.read_body(message.body)
    if isinstance(body, forms.Unreadable):
        raise Undecodable([body.fault], name_from_properties(message))
    attributes = forms.read(message, body)
    try:
        return _envelope(attributes)
    except MessageError as error:
        error.name = _name(attributes) or _name(attributes, *_beside(message))
        raise


def name_from_properties(message: WireMessage) -> CommandName | None:
    """Name a message without looking at its body; None when its properties and headers do not say who it is."""
    return _name(*_beside(message))


def _beside(message: WireMessage) -> tuple[forms.Attributes, forms.Attributes]:
    """What is said beside the body, the headers of CloudEvents before the properties of AMQP."""
    return forms.from_headers(message), forms.from_properties(message)


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
        subject=_text(attributes.subject),
        time=time,
        correlationid=_text(attributes.correlationid),
        traceparent=_traceparent(attributes.traceparent),
        data=_timely(_command(entry, attributes.data), time),
        dropped=(_NO_TIME,) if attributes.time is not None and time is None else (),
    )


def _entry(attributes: forms.Attributes) -> Entry:
    command = next((known for known in CommandType if known == attributes.type), None)
    if command is None:
        raise UnknownType([f"type: is not a command; known are {', '.join(CommandType)}"])
    return CATALOG[command]


def _command(entry: Entry, data: Payload) -> Command:
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
        for fault in _text_faults(field, getattr(attributes, field), required=True)
    ]
    for field in ("subject", "correlationid"):
        faults += _text_faults(field, getattr(attributes, field), required=False)
    if attributes.specversion != "1.0":
        faults.append("specversion: must be 1.0")
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


def _name(*told: forms.Attributes) -> CommandName | None:
    """The command's name, each attribute from the first who has a usable one."""

    def first(attribute: str) -> str | None:
        return next((text for each in told if (text := _text(getattr(each, attribute))) is not None), None)

    source, identity = first("source"), first("id")
    if source is None or identity is None:
        return None
    return CommandName(
        source=source,
        id=identity,
        type=first("type"),
        subject=first("subject"),
        username=_customer(told[0]),
        correlationid=first("correlationid"),
        traceparent=_traceparent(told[0].traceparent),
    )


def _customer(attributes: forms.Attributes) -> str | None:
    # The list command's username is a search, and no customer.
    data = attributes.data.content
    if not isinstance(data, dict) or attributes.type == CommandType.RETRIEVE_CUSTOMERS:
        return None
    return _text(data.get("username", data.get("on_behalf_of")))


def _traceparent(value: object) -> str | None:
    # A malformed trace context is dropped, as W3C asks: tracing must never refuse a command.
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None
