"""From bytes to values. XML is put into the shapes that JSON has, so that all that follows knows one form only."""

import json
import re
from itertools import chain
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from pydantic_core import from_json

from worker.received.marks import UTF8, unmarked

#: Lists are always read as JSON, so XML is a short answer to a change; parsing it costs far more than JSON does.
MAX_XML_BYTES = 64 * 1024

_PAGE_BYTES = 1_024
#: What nearly every answer begins with: there is no mark before it.
_USUAL = (b"{", b"[", b"<")
_BLANK_OR_MARK = b" \t\r\n" + UTF8
_KEPT_AS_WRITTEN = frozenset({str, int, bool, type(None)})
_DECLARATION = re.compile(rb"<\?xml[^>]*\?>\s*")
#: errors, error, message: no answer of theirs goes deeper.
_DEEPEST = 3


def parsed(body: bytes) -> object:
    """What the body says, recognised by its first character and not by its content type; None for what is neither.

    JSON is UTF-8, XML in the encoding that it declares; before a byte order mark that names one, in that. XML may have
    no DTD: it could make a small body a huge one.
    """
    try:
        body = _bare(body)
        if body.startswith(b"<"):
            return _from_xml(body)
        said = from_json(body)
        if not _names_each_key_once(said, body):
            json.loads(body, object_pairs_hook=_object)
    except (ValueError, OSError):
        # A process that is out of files cannot load the encoding of what is no UTF-8.
        return None
    return said


def listed(body: bytes) -> list[object] | None:
    """The entries of a JSON list, each read as well as it can be; None for what is no list.

    What is odd in one of them must not keep all others from being read. So numbers are texts, as they were written and
    of any size, bytes that are no UTF-8 become replacement characters, and a key with two values says nothing.
    """
    try:
        body = _bare(body)
    except ValueError:
        return None
    if not body.startswith(b"["):
        return None
    return _without_oddities(body) or _leniently(body)


def _without_oddities(body: bytes) -> list[object] | None:
    """The entries of a list in which nothing is odd, as nearly all are, read in less time; None for any other."""
    try:
        said = from_json(body)
    except ValueError:
        return None
    if not isinstance(said, list) or set(map(type, said)) != {dict}:
        return None
    values = list(chain.from_iterable(map(dict.values, said)))
    kinds = list(map(type, values))
    # A fraction is not kept as it was written, nor is the one whole number "-0"; what is nested has keys of its own.
    if not _KEPT_AS_WRITTEN.issuperset(kinds) or (0 in values and b":-0" in body.translate(None, b" \t\r\n")):
        return None
    # Two quotes are around each key and each text. A key that is there twice leaves more of them than can be seen.
    return said if body.count(b'"') == 2 * (len(values) + kinds.count(str)) else None


def _leniently(body: bytes) -> list[object] | None:
    try:
        text = body.decode("utf-8", "replace")
        said = json.loads(
            text, object_pairs_hook=_entry, parse_int=str, parse_float=str, parse_constant=str, strict=False
        )
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, list) else None


def _entry(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        doubtful = {name for name, value in pairs if named[name] != value}
        named = {name: value for name, value in named.items() if name not in doubtful}
    return named


def is_page(body: bytes) -> bool:
    """Whether it is HTML, as a firewall or a gateway answers in the provider's place."""
    try:
        start = _bare(body)[:_PAGE_BYTES].lower()
    except ValueError:
        return False
    return start.startswith((b"<html", b"<!doctype html", b"<head", b"<body"))


def _names_each_key_once(said: object, body: bytes) -> bool:
    """Whether it certainly does: as every key has its colon, an object with no more colons than keys has none twice.

    It is what nearly every answer to a change looks like; reading the others a second time costs more.
    """
    return isinstance(said, dict) and body.count(b":") == len(said)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        # Two messages would make it a matter of taste whether it was a success.
        raise ValueError("a key is there twice")
    return named


def _bare(body: bytes) -> bytes:
    """The body without the byte order marks and the blanks before it. Raises ValueError when a mark is wrong."""
    if body.startswith(_USUAL):
        return body
    blank = body.lstrip()
    bare = unmarked(blank)
    if bare is blank:
        return blank
    bare = bare.lstrip(_BLANK_OR_MARK)
    # It may still declare what it was written in. A mark may also have slipped out before a text in another encoding.
    return _DECLARATION.sub(b"", bare, 1) if _is_utf8(bare) else bare


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_xml(body: bytes) -> object:
    if len(body) > MAX_XML_BYTES:
        return None
    try:
        return _answer(fromstring(body, forbid_dtd=True))
    except (ParseError, ValueError, LookupError, OSError):
        # Not well-formed, forbidden, or in an encoding that nobody knows, or that cannot be loaded now.
        return None


def _answer(root: Element) -> object:
    """`<result>` is the object itself; `<error>` and `<errors>` are the only member of one."""
    value = _value(root, 0)
    if root.tag in {"error", "errors"}:
        return {root.tag: value}
    return value if root.tag == "result" else None


def _value(element: Element, depth: int) -> object:
    if depth > _DEEPEST:
        raise ValueError("deeper than any answer")
    children = list(element)
    if not children:
        return element.text or ""
    values = [_value(child, depth + 1) for child in children]
    if element.tag == "errors":
        return values
    named = dict(zip((child.tag for child in children), values, strict=True))
    if len(named) < len(values):
        # As with JSON's keys.
        raise ValueError("an element is there twice")
    return named
