"""Each command judged before it is sent, by the very rules the worker will judge it by."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from messages.codec import decode
from messages.envelope import Envelope, WireMessage
from messages.errors import MessageError
from messages.texts import MAX_ATTRIBUTE_BYTES
from worker.cli.send.values import NotJson, Value
from worker.domain.identity import canonical
from worker.domain.scrub import without_secrets_of

CONTENT_TYPE = "application/cloudevents+json"

#: Where a fault begins that is not about a field of the data.
_OUTSIDE_THE_DATA = ("id", "source", "type", "subject", "correlationid", "specversion", "time", "data", "data_base64")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One valid command, ready to be published.

    `place` is where it stands, in words; `content` a digest of what the worker compares when the same source and id
    come again; `named` is false when the input gave no id, `timely` when the time it gave is dropped.
    """

    id: str
    source: str
    type: str
    body: bytes = field(repr=False)  # it holds passwords
    place: str = ""
    content: bytes = field(default=b"", repr=False)
    named: bool = True
    timely: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a command from being sent: where it stands, the fields and the rules; never a value."""

    sentence: str


Checked = Prepared | Fault


def checked(value: Value | NotJson) -> Checked:
    """Judge one value. A missing id is made up, as the command's help says; nothing else is."""
    if isinstance(value, NotJson):
        return Fault(f"line {value.line} is not JSON: {value.rule}")
    content = value.content
    named = not isinstance(content, dict) or "id" in content
    if isinstance(content, dict):
        content = {"id": str(uuid.uuid4()), **content}
    body = json.dumps(content).encode()
    try:
        envelope = decode(WireMessage(body, content_type=CONTENT_TYPE))
    except MessageError as exc:
        faults = without_secrets_of(body, "; ".join(map(_with_its_path, exc.faults)))
        return Fault(f"{_place(value)}: {faults}")
    told = (_place(value), _digest(envelope), named, not envelope.dropped)
    return Prepared(envelope.id, envelope.source, envelope.type, body, *told)


def _place(value: Value) -> str:
    where = f"command {value.number}" if value.line is None else f"line {value.line}"
    named = _shown_id(value.content)
    return f"{where} ({named})" if named else where


def _shown_id(content: object) -> str | None:
    """The id, where there is one that may be printed."""
    given = content.get("id") if isinstance(content, Mapping) else None
    if isinstance(given, str) and given and given.isprintable() and len(given.encode()) <= MAX_ATTRIBUTE_BYTES:
        return given
    return None


def _with_its_path(fault: str) -> str:
    """The worker's own words, with the way to the field: `username` is found as `data.username` in a file."""
    name = fault.partition(":")[0]
    about_a_field = ":" in fault and not fault.startswith("the body ")
    inside = name not in _OUTSIDE_THE_DATA or fault.endswith(" is not a field of this command")
    return f"data.{fault}" if about_a_field and inside else fault


def _digest(envelope: Envelope) -> bytes:
    kept = (envelope.type, envelope.subject, canonical(envelope.data).decode())
    return sha256(json.dumps(kept).encode()).digest()
