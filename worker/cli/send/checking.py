"""Each command judged before it is sent, by the very rules the worker will judge it by."""

import json
import uuid
from dataclasses import dataclass, field

from messages.codec import decode
from messages.envelope import WireMessage
from messages.errors import MessageError
from worker.cli.send.values import NotJson, Value

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One valid command, ready to be published."""

    id: str
    source: str
    type: str
    body: bytes = field(repr=False)  # it holds passwords


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a command from being sent: where it stands, the fields and the rules; never a value."""

    sentence: str


Checked = Prepared | Fault


def checked(value: Value | NotJson) -> Checked:
    """Judge one value. A missing specversion is put in, and a missing id made up."""
    if isinstance(value, NotJson):
        return Fault(f"line {value.line} is not JSON: {value.rule}")
    content = value.content
    if isinstance(content, dict):
        content = {"specversion": "1.0", "id": str(uuid.uuid4()), **content}
    body = json.dumps(content).encode()
    try:
        envelope = decode(WireMessage(body, content_type=CONTENT_TYPE))
    except MessageError as exc:
        place = "" if value.line is None else f"line {value.line}: "
        return Fault(f"{place}command {value.number} is not valid: {exc}")
    return Prepared(envelope.id, envelope.source, envelope.type, body)
