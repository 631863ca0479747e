"""Takes secrets out of texts that others wrote, in every spelling in which they may echo one."""

import re
from collections.abc import Iterable, Iterator
from html.entities import codepoint2name

MASK = "**********"

_APOSTROPHE = {"'": "apos"}
_SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret masked: raw, URL-encoded, JSON-escaped, HTML- or XML-escaped, or a mixture of these.

    Every character is looked for in each of its spellings: which characters an encoder escapes, and whether it writes
    `%2f` or `%2F`, `&#39;` or `&#x27;`, differs from language to language.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = re.sub("".join(map(_in_any_spelling, secret)), MASK, text)
    return text


def _in_any_spelling(character: str) -> str:
    spellings = (re.escape(character), *_in_urls(character), *_in_json(character), *_in_html(character))
    return f"(?:{'|'.join(spellings)})"


def _in_urls(character: str) -> Iterator[str]:
    for encoding in ("utf-8", "latin-1"):
        encoded = character.encode(encoding, "ignore")
        if encoded:
            yield _in_either_case("".join(f"%{byte:02x}" for byte in encoded))
    if character == " ":
        yield re.escape("+")


def _in_json(character: str) -> Iterator[str]:
    units = character.encode("utf-16-be", "surrogatepass")
    yield _in_either_case("".join(rf"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)))
    if character in _SHORT_ESCAPES:
        yield re.escape("\\" + _SHORT_ESCAPES[character])


def _in_html(character: str) -> Iterator[str]:
    code = ord(character)
    yield f"&#0*{code};"
    yield _in_either_case(f"&#x0*{code:x};")
    name = codepoint2name.get(code) or _APOSTROPHE.get(character)
    if name:
        yield f"&{name};"


def _in_either_case(pattern: str) -> str:
    return f"(?i:{pattern})"
