"""From an answer's bytes to values, and to the provider's words among them, in whichever of five shapes they come.

XML is put into the shapes that JSON has, so that all that follows knows one form only.
"""

import json
import re
from collections.abc import Sequence
from itertools import chain
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from pydantic_core import from_json

from worker.errors import RefusalHint
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

_MAX_TEXTS = 20
#: Nobody says what is wrong after so many; searching an endless text would hold up all other threads.
_READ_CHARACTERS = 1_000
_LOGIN_HINTS = (
    "wrong credentials",
    "bad username / password",
    "invalid authentication method",
    "authorization required",
    "authorization grant is invalid",
)
_PASSING_FAULTS = ("timed out", "timeout", "try again")
_TOO_MANY_REQUESTS = "too many requests"
_CODE = re.compile(r"[0-9]{3}")
_NOT_FOUND = re.compile(
    r"\bno longer exist|\bnot exist|n't exist|\bnever existed|\S not found|\S (could not|cannot|can't) be found"
    r"|\bno such\b|\bthere is no\b|\bunknown (customer|user|credential)|\bnot registered|\bregistered under your"
    r"|\bis not (a|your) (customer|user|credential)|\balready (been )?(deleted|removed|closed)"
)
_TAKEN = re.compile(
    r"\balready\b|\btaken\b|\bexists?\b|\bin use\b|\bduplicate|\bmust be unique|\bis not (unique|available)\b"
)


def parsed(body: bytes) -> object:
    """What the body says, recognised by its first character and not by its content type; None for what is neither.

    JSON is UTF-8, XML in the encoding that it declares; before a byte order mark that names one, in that. XML may have
    no DTD: it could make a small body a huge one.
    """
    try:
        body = _bare(body)
        if body.startswith(b"<"):
            return _from_xml(body)
        document = from_json(body)
        if not _names_each_key_once(document, body):
            json.loads(body, object_pairs_hook=_object)
    except (ValueError, OSError):
        # A process that is out of files cannot load the encoding of what is no UTF-8.
        return None
    return document


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
        document = from_json(body)
    except ValueError:
        return None
    if not isinstance(document, list) or set(map(type, document)) != {dict}:
        return None
    values = list(chain.from_iterable(map(dict.values, document)))
    kinds = list(map(type, values))
    # A fraction is not kept as it was written, nor is the one whole number "-0"; what is nested has keys of its own.
    if not _KEPT_AS_WRITTEN.issuperset(kinds) or (0 in values and b":-0" in body.translate(None, b" \t\r\n")):
        return None
    # Two quotes are around each key and each text. A key that is there twice leaves more of them than can be seen.
    return document if body.count(b'"') == 2 * (len(values) + kinds.count(str)) else None


def _leniently(body: bytes) -> list[object] | None:
    try:
        text = body.decode("utf-8", "replace")
        document = json.loads(
            text, object_pairs_hook=_entry, parse_int=str, parse_float=str, parse_constant=str, strict=False
        )
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, list) else None


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


def _names_each_key_once(document: object, body: bytes) -> bool:
    """Whether it certainly does: as every key has its colon, an object with no more colons than keys has none twice.

    It is what nearly every answer to a change looks like; reading the others a second time costs more.
    """
    return isinstance(document, dict) and body.count(b":") == len(document)


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
    declaration = _DECLARATION.match(bare) if _is_utf8(bare) else None
    return bare[declaration.end() :] if declaration else bare


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


def texts_of(answer: object) -> tuple[str, ...]:
    """The words of an error: `errors` of texts or objects, a nested or plain `error`, or `message` alone."""
    if not isinstance(answer, dict):
        return ()
    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        found = [_text_of(entry) for entry in errors]
    elif answer.get("error") is not None:
        found = [_text_of(answer["error"])]
    else:
        found = [_text_of(answer)]
    return tuple(text for text in found if text)[:_MAX_TEXTS]


def text_of(value: object) -> str | None:
    """A field's value as the text that it would have been: numbers, true and false, and null as the empty one.

    None for what is no single value. Every text can be written as UTF-8: JSON can spell half a character as well, which
    becomes the replacement character, as bytes that are no UTF-8 do.
    """
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None


def refuse_the_login(texts: Sequence[str]) -> bool:
    """Whether they say that the login is wrong. `not authorized` does not: it was seen for a bad argument as well."""
    return any(hint in text[:_READ_CHARACTERS].lower() for text in texts for hint in _LOGIN_HINTS)


def ask_for_a_pause(texts: Sequence[str]) -> bool:
    """Whether they say that there were too many calls."""
    return any(text.lower().strip(" .!") == _TOO_MANY_REQUESTS for text in texts)


def sound_passing(answer: object) -> bool:
    """Whether it is nothing but one text, which names a fault that may pass: what a gateway says, not the provider.

    Beside a code, or as one of `errors`, such words are part of a refusal.
    """
    if (
        not isinstance(answer, dict)
        or answer.get("errors")
        or "code" in answer
        or isinstance(answer.get("error"), dict)
    ):
        return False
    return any(words in text[:_READ_CHARACTERS].lower() for text in texts_of(answer) for words in _PASSING_FAULTS)


def code_of(answer: object) -> int | None:
    """The status that the body itself names: its `code`, or its nested error's; a number, or its digits in XML."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("error")
    code = (error if isinstance(error, dict) else answer).get("code")
    text = str(code).strip()
    return int(text) if _CODE.fullmatch(text) else None


def hint_of(texts: Sequence[str]) -> RefusalHint | None:
    """What a refusal sounds like; None when it sounds like neither, or like both.

    A bare "Not found" is neither: it was seen for a call that does not exist, and names nothing that is missing.
    """
    hints = {hint for text in texts if (hint := _hint(text[:_READ_CHARACTERS].lower()))}
    return hints.pop() if len(hints) == 1 else None


def _hint(text: str) -> RefusalHint | None:
    if _NOT_FOUND.search(text):
        return RefusalHint.NOT_FOUND
    return RefusalHint.TAKEN if _TAKEN.search(text) else None


def _text_of(entry: object) -> str:
    value = entry.get("message") if isinstance(entry, dict) else entry
    return value.strip() if isinstance(value, str) else ""
