"""The data of an envelope: an object, written in it as it is or as Base64."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from messages.strict_json import MARK, Parsed, parse

_NO_OBJECT = "must be an object with the command's fields"


@dataclass(frozen=True, slots=True)
class Payload:
    """The data, and why it is none. `doubled`: faults of an object in it whose keys are not there once.

    The faults name rules, never what stands there.
    """

    content: object = field(repr=False, default=None)  # it may hold secrets
    faults: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()


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
        return _object(parse(raw))
    except ValueError as exc:
        # The parser names a position and a rule, never a value.
        return Payload(None, (f"data_base64: must be the Base64 of JSON in UTF-8: {exc}",))


def _object(parsed: Parsed) -> Payload:
    if isinstance(parsed.value, dict):
        return Payload(parsed.value, doubled=parsed.faults)
    return Payload(None, (f"data_base64: the JSON in it {_why(parsed.value)}",))
