"""The three forms a command may arrive in, read into one set of raw attributes.

CloudEvents 1.0 structured (the body is the envelope, and the data in it an object or the Base64 of one), CloudEvents
binary (the envelope is in the headers), and bare (AMQP properties `type`, `message_id`, `app_id`, `correlation_id` and
the header `subject`; the body is the data).
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from messages.catalog import CATALOG
from messages.fields import usable
from messages.strict_json import CONTRADICTORY, MARK, Parsed, hint, parse

_NO_OBJECT = "must be an object with the command's fields"

#: `ce-` of AMQP 0-9-1 and HTTP, `ce_` of Kafka, the two others of AMQP 1.0; and gateways change the case.
_CLOUDEVENTS = re.compile(r"(?:ce|cloudevents)[-_:](.+)", re.IGNORECASE)
_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent"})
#: Headers that are read without a prefix, also beside an envelope in the body.
_PLAIN = frozenset({"subject", "traceparent"})
#: They distinguish no command from another: a library may set them anew with each repeat.
_INFORMING = frozenset({"time", "traceparent"})
MAX_BODY_BYTES = 256 * 1024

_STRUCTURED = "application/cloudevents"
#: No command has a field of these names, so a body that has one is an envelope or means to be one.
_ENVELOPE = frozenset({"specversion", "id", "source", "type", "data", "data_base64"})
#: So much of an envelope names its command, whatever else is missing.
_NAMED = frozenset({"id", "source", "type"})
#: What a message says of its command twice when it has the envelope in its body and in its headers.
_COMPARED = ("id", "source", "type", "subject")


@dataclass(frozen=True, slots=True)
class WireMessage:
    """What is read of a message: the body and the AMQP properties that may carry the envelope.

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
class Payload:
    """The data, and why it is none. `doubled`: faults of an object in it whose keys are not there once.

    The faults name rules, never what stands there.
    """

    content: object = field(repr=False, default=None)  # it may hold secrets
    faults: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attributes:
    """The envelope's attributes as they came, of any type and not yet checked; `data` too.

    `faults`: what cannot be read in one way only. Where two values were given for an attribute, it is CONTRADICTORY.
    """

    specversion: object
    id: object
    source: object
    type: object
    subject: object
    time: object
    correlationid: object
    traceparent: object
    data: Payload
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadableForm:
    """Why a body cannot be read: the rule and, for broken JSON, the place; never what stands there."""

    fault: str


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is a JSON object, and what is wrong with its keys."""

    content: Mapping[str, object] = field(repr=False)
    faults: tuple[str, ...] = ()


_NO_BODY = Body({})


def data_of(envelope: Mapping[str, object]) -> Payload:
    """The data of an envelope in JSON: `data` or, as CloudEvents lets libraries write bytes, `data_base64`.

    A member that is null counts as absent.
    """
    content, encoded = envelope.get("data"), envelope.get("data_base64")
    if encoded is None:
        return Payload(content) if isinstance(content, dict) else Payload(content, (f"data: {_why(content)}",))
    if content is not None:
        return Payload(None, ("data_base64: must not be there beside data; send one of the two",))
    return _decoded(encoded)


def is_json_text(value: object) -> bool:
    """Whether it is a text in which an object of JSON is written."""
    if not isinstance(value, str):
        return False
    try:
        return isinstance(json.loads(value.lstrip(MARK)), dict)
    except (ValueError, RecursionError):
        return False


def _why(content: object) -> str:
    return f"{_NO_OBJECT}, not a text that holds JSON" if is_json_text(content) else _NO_OBJECT


def _decoded(encoded: object) -> Payload:
    if not isinstance(encoded, str):
        return Payload(None, ("data_base64: must be text",))
    try:
        raw = b64decode(encoded, validate=True)
    except ValueError:
        rule = "must be Base64 with its padding and without line breaks, in the alphabet with + and /"
        return Payload(None, (f"data_base64: {rule}",))
    try:
        return _payload_of(parse(raw))
    except ValueError as exc:
        # The parser names a position and a rule, never a value.
        return Payload(None, (f"data_base64: must be the Base64 of JSON in UTF-8: {exc}",))


def _payload_of(parsed: Parsed) -> Payload:
    if isinstance(parsed.value, dict):
        return Payload(parsed.value, doubled=parsed.faults)
    return Payload(None, (f"data_base64: the JSON in it {_why(parsed.value)}",))


def cloudevents_headers(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that CloudEvents headers give; CONTRADICTORY where several give different values."""
    found: dict[str, object] = {}
    for name, value in headers.items():
        attribute = _attribute(name)
        if attribute is not None:
            _put(found, attribute, value)
    return found


def bare_headers(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that headers of the bare form give, each under its exact name; CONTRADICTORY as above.

    Where there is none of that name, one in another case is taken when it can be used, and all such agree: it informs,
    and refuses nothing.
    """
    found: dict[str, object] = {}
    for name, value in headers.items():
        exact = name.lower()
        if exact in _PLAIN and (name == exact or exact not in headers):
            _put(found, exact, value)
    return {name: value for name, value in found.items() if name in headers or usable(value) is not None}


def _decisive_headers(headers: Mapping[str, object]) -> list[tuple[str, str]]:
    """What all these headers say, as they stand there and in one order; without times and trace contexts."""
    return sorted((name, repr(value)) for name, value in headers.items() if _read_as(name) not in {None, *_INFORMING})


def _is_same(one: object, other: object) -> bool:
    """Whether two values are one when both are written as texts: some libraries send an id of digits as a number."""
    return _written(one) == _written(other)


def _written(value: object) -> str:
    # Never compared as they are: a signaling NaN of AMQP's decimals raises.
    return value if isinstance(value, str) else repr(value)


def _attribute(name: str) -> str | None:
    match = _CLOUDEVENTS.fullmatch(name)
    return attribute if match and (attribute := match[1].lower()) in _ATTRIBUTES else None


def _read_as(name: str) -> str | None:
    return _attribute(name) or (name.lower() if name.lower() in _PLAIN else None)


def _put(found: dict[str, object], name: str, value: object) -> None:
    if value is None:
        return
    # Several values at once: the table itself has the name more than once.
    several = isinstance(value, list) and len(value) > 1
    if several or (name in found and not _is_same(found[name], value)):
        found[name] = CONTRADICTORY
    elif not isinstance(found.get(name), str):
        found[name] = value


def read_body(body: bytes) -> Body | UnreadableForm:
    """Read a body that must be a JSON object."""
    if len(body) > MAX_BODY_BYTES:
        return UnreadableForm(f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are accepted")
    try:
        return _body_of(parse(body))
    except ValueError as exc:
        # The parser names a position and a rule, never a value.
        return UnreadableForm(f"the body is not JSON in UTF-8: {exc}{hint(body)}")


def read(message: WireMessage, body: Body) -> Attributes:
    """Read whichever form the message has."""
    stated = cloudevents_headers(message.headers)
    if _is_envelope(message, body.content, stated):
        return _structured(message, body, stated)
    return _binary(message, body, stated) if _is_binary(message, stated) else _bare(message, body, stated)


def beside(message: WireMessage) -> tuple[Attributes, ...]:
    """What is said beside the body: by the CloudEvents headers, where they count, before AMQP's own properties."""
    stated = cloudevents_headers(message.headers)
    both = _binary(message, _NO_BODY, stated), _bare(message, _NO_BODY, stated)
    return both if _is_binary(message, stated) else both[1:]


def distinguishing(message: WireMessage) -> bytes:
    """What makes two messages two, secrets in clear: only ever fed to a keyed hash.

    Their times and trace contexts do not: a library that sets them anew makes no other message of a repeat.
    """
    properties = (message.content_type, message.type, message.message_id, message.app_id, message.correlation_id)
    named = _decisive_headers(message.headers)
    return repr((properties, named)).encode(errors="backslashreplace") + b"\0" + message.body


def _body_of(parsed: Parsed) -> Body | UnreadableForm:
    if isinstance(parsed.value, dict):
        return Body(parsed.value, parsed.faults)
    words = ", but a text that holds JSON: send the object itself" if is_json_text(parsed.value) else ""
    return UnreadableForm(f"the body is JSON{words or ', but not an object'}")


def _is_envelope(message: WireMessage, body: Mapping[str, object], stated: Mapping[str, object]) -> bool:
    # Gateways are known to send the binary form under the structured one's content type, and emitters an envelope as
    # plain application/json: what is there says more than what it is called.
    if "specversion" in body or body.keys() >= _NAMED:
        return True
    if not (message.content_type or "").strip().lower().startswith(_STRUCTURED):
        return False
    return bool(body.keys() & _ENVELOPE) or not (stated or message.type)


def _is_binary(message: WireMessage, stated: Mapping[str, object]) -> bool:
    # Gateways put headers of their own on any message; a few that name no command change nothing of a bare one.
    if "specversion" in stated or stated.keys() >= _NAMED:
        return True
    return bool(stated) and not all((message.type, message.message_id, message.app_id))


def _structured(message: WireMessage, body: Body, stated: Mapping[str, object]) -> Attributes:
    envelope = body.content
    data = data_of(envelope)
    return Attributes(
        specversion=envelope.get("specversion"),
        id=envelope.get("id"),
        source=envelope.get("source"),
        type=envelope.get("type"),
        subject=envelope.get("subject"),
        time=envelope.get("time"),
        correlationid=envelope.get("correlationid"),
        traceparent=envelope.get("traceparent", bare_headers(message.headers).get("traceparent")),
        data=data,
        faults=(*body.faults, *data.doubled, *_apart(envelope, stated), *_other_type(envelope.get("type"), message)),
    )


def _binary(message: WireMessage, body: Body, stated: Mapping[str, object]) -> Attributes:
    plain = bare_headers(message.headers)
    return Attributes(
        specversion=stated.get("specversion"),
        id=stated.get("id"),
        source=stated.get("source"),
        type=stated.get("type"),
        subject=stated.get("subject"),
        time=stated.get("time"),
        correlationid=stated.get("correlationid", message.correlation_id),
        traceparent=stated.get("traceparent", plain.get("traceparent")),
        data=Payload(body.content),
        faults=(*body.faults, *_contradicted(stated), *_other_type(stated.get("type"), message)),
    )


def _bare(message: WireMessage, body: Body, stated: Mapping[str, object]) -> Attributes:
    """The bare form has no version of its own, so it counts as the one we speak."""
    plain = bare_headers(message.headers)
    return Attributes(
        specversion="1.0",
        id=message.message_id,
        source=message.app_id,
        type=message.type,
        subject=plain.get("subject"),
        time=message.timestamp,
        correlationid=message.correlation_id,
        traceparent=plain.get("traceparent"),
        data=Payload(body.content),
        faults=(*body.faults, *_contradicted(plain), *_other_type(stated.get("type"), message)),
    )


def _contradicted(stated: Mapping[str, object]) -> tuple[str, ...]:
    if CONTRADICTORY not in stated.values():
        return ()
    decisive = {name for name, value in stated.items() if value is CONTRADICTORY} - _INFORMING
    return tuple(f"{name}: is in the headers more than once, with different values" for name in sorted(decisive))


def _apart(envelope: Mapping[str, object], stated: Mapping[str, object]) -> tuple[str, ...]:
    """A copy of the envelope in the headers is lawful; one that says something else is not.

    Headers that are no whole envelope are no copy: gateways add the source that they know.
    """
    if not stated.keys() >= _NAMED:
        return ()
    both = [name for name in _COMPARED if envelope.get(name) is not None and stated.get(name) is not None]
    return tuple(
        f"{name}: is not the same in the envelope and in the headers"
        for name in both
        if not _is_same(envelope[name], stated[name])
    )


def _other_type(type_: object, message: WireMessage) -> tuple[str, ...]:
    # Libraries fill this property with names of their own; only another command in it can be meant.
    if message.type in CATALOG and message.type != type_ and isinstance(type_, str) and type_ in CATALOG:
        return ("type: is not the same in the envelope and in the property `type`",)
    return ()
