"""The three forms a command may arrive in, read into one set of raw attributes.

CloudEvents 1.0 structured (the body is the envelope), CloudEvents binary (the envelope is in the headers), and bare
(AMQP properties `type`, `message_id`, `app_id`, `correlation_id` and the header `subject`; the body is the data).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic_core import from_json

from messages.envelope import WireMessage

MAX_BODY_BYTES = 256 * 1024

_STRUCTURED = "application/cloudevents"
#: AMQP 0-9-1 emitters write `ce-`; AMQP 1.0 libraries write the two others. Where a message has several, the last wins.
_BINARY_PREFIXES = ("cloudEvents_", "cloudEvents:", "ce-")


@dataclass(frozen=True, slots=True)
class Attributes:
    """The envelope's attributes as they came, of any type and not yet checked; `data` too, which may hold secrets."""

    specversion: object
    id: object
    source: object
    type: object
    subject: object
    time: object
    correlationid: object
    traceparent: object
    data: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a body cannot be read: the rule and, for broken JSON, the place; never what stands there."""

    fault: str


def parse(body: bytes) -> dict[str, object] | Unreadable:
    """Read a body that must be a JSON object."""
    if len(body) > MAX_BODY_BYTES:
        return Unreadable(f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are accepted")
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        # The parser names a position and a rule, never a value.
        return Unreadable(f"the body is not JSON in UTF-8: {exc}")
    return parsed if isinstance(parsed, dict) else Unreadable("the body is JSON, but not an object")


def read(message: WireMessage, body: Mapping[str, object]) -> Attributes:
    """Read whichever form the message has; `body` is its body, parsed."""
    content_type = (message.content_type or "").lower()
    if content_type.startswith(_STRUCTURED):
        return _structured(body, message)
    headers = _cloudevents_headers(message.headers)
    if headers:
        return _binary(headers, body, message)
    if "specversion" in body:
        # An envelope sent as plain application/json: no command has a field of that name, so nothing else can be meant.
        return _structured(body, message)
    return _bare(message, body)


def from_properties(message: WireMessage) -> Attributes:
    """The attributes of a message whose body cannot be read: what its properties and headers alone say."""
    headers = _cloudevents_headers(message.headers)
    return _binary(headers, None, message) if headers else _bare(message, None)


def _cloudevents_headers(headers: Mapping[str, object]) -> dict[str, object]:
    return {
        key.removeprefix(prefix): value
        for prefix in _BINARY_PREFIXES
        for key, value in headers.items()
        if key.startswith(prefix)
    }


def _structured(body: Mapping[str, object], message: WireMessage) -> Attributes:
    return Attributes(
        specversion=body.get("specversion"),
        id=body.get("id"),
        source=body.get("source"),
        type=body.get("type"),
        subject=body.get("subject"),
        time=body.get("time"),
        correlationid=body.get("correlationid"),
        traceparent=body.get("traceparent", message.headers.get("traceparent")),
        data=body.get("data"),
    )


def _binary(headers: Mapping[str, object], body: object, message: WireMessage) -> Attributes:
    return Attributes(
        specversion=headers.get("specversion"),
        id=headers.get("id"),
        source=headers.get("source"),
        type=headers.get("type"),
        subject=headers.get("subject"),
        time=headers.get("time"),
        correlationid=headers.get("correlationid", message.correlation_id),
        traceparent=headers.get("traceparent", message.headers.get("traceparent")),
        data=body,
    )


def _bare(message: WireMessage, body: object) -> Attributes:
    """The bare form has no version of its own, so it counts as the one we speak."""
    return Attributes(
        specversion="1.0",
        id=message.message_id,
        source=message.app_id,
        type=message.type,
        subject=message.headers.get("subject"),
        time=message.timestamp,
        correlationid=message.correlation_id,
        traceparent=message.headers.get("traceparent"),
        data=body,
    )
