"""JSON in which every key is there once: of two, one reader takes the first and another the last."""

import codecs
import json
import re
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic_core import from_json

from messages.errors import MAX_FAULTS, printable

#: Emitters on Windows put it before a text, which it is no part of; of several files in one there may be several.
MARK = "\ufeff"
_MARK = MARK.encode()
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KEY_END = re.compile(rb'"[ \t\r\n]*:')
#: Stands where two different values were given for one name. It is no text, so it names nothing.
CONTRADICTORY = object()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed JSON text, and the keys that occur more than once in one of its objects.

    Where two values of a key differ, `value` has CONTRADICTORY in their place.
    """

    value: object = field(repr=False)  # it may hold secrets
    doubled: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each such key, at most twenty; none names a value."""
        return tuple(doubled_fault(key) for key in self.doubled[:MAX_FAULTS])


def doubled_fault(key: str) -> str:
    """The sentence about a key that an object has more than once."""
    return f"{printable(key)}: is there more than once; no reader can tell which one is meant"


def parse(text: bytes) -> Parsed:
    """Read UTF-8 JSON, with or without its byte order mark.

    Raises ValueError, which names a position and a rule, never a value.
    """
    text = unmarked(text)
    if _is_wide(text):
        raise ValueError("it is in UTF-16 or UTF-32; send it in UTF-8")
    value = from_json(text, allow_inf_nan=False)
    # Of what is written no key ends otherwise, so when there are no more such ends than keys, none was there twice.
    if len(_KEY_END.findall(text)) == _keys_in(value):
        return Parsed(value)
    return _looked_through(text, value)


def unmarked(text: bytes) -> bytes:
    """The text without UTF-8's byte order mark."""
    begin = 0
    # A body may be nothing but marks: each would cost a copy of all that is left.
    while text.startswith(_MARK, begin):
        begin += len(_MARK)
    return text[begin:]


def _is_wide(text: bytes) -> bool:
    # JSON begins with a character of ASCII, of which these make one byte and zeros.
    return text.startswith(_WIDE_MARKS) or (len(text) % 2 == 0 and b"\0" in text[:2])


def _keys_in(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys_in(each) for each in value.values() if isinstance(each, dict | list))
    return sum(map(_keys_in, value)) if isinstance(value, list) else 0


def _looked_through(text: bytes, value: object) -> Parsed:
    doubled: list[str] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        named = dict(pairs)
        if len(named) < len(pairs):
            doubled.extend(_doubled_in(pairs, named))
        return named

    # The first reader is strict and bounded in depth; only the second reports keys. Its numbers are never looked at.
    again = json.loads(text.decode(), object_pairs_hook=once, parse_int=float)
    return Parsed(again, tuple(dict.fromkeys(doubled))) if doubled else Parsed(value)


def _doubled_in(pairs: list[tuple[str, object]], named: dict[str, object]) -> list[str]:
    seen: dict[str, object] = {}
    found = []
    for key, value in pairs:
        if key in seen:
            found.append(key)
            named[key] = value if seen[key] == value and named[key] is not CONTRADICTORY else CONTRADICTORY
        seen.setdefault(key, value)
    return found


def hint(body: bytes) -> str:
    """What else a body that is no JSON may be, to be added to its fault; empty when that cannot be known."""
    text = unmarked(body).strip()
    with suppress(ValueError):
        if isinstance(parse(b64decode(text, validate=True)).value, dict):
            return "; it is the Base64 of JSON, so send the JSON itself"
    return ""
