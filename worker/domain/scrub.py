"""Takes secrets out of texts that others wrote, in the spellings in which programs echo one; docs/security.md has them.

A text is read as it stands, and with its escapes undone once and twice. In each reading a secret is looked for to the
letter; a longer one also without regard to case, accents, spaces and hyphens, and in hex and base64.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import pairwise
from unicodedata import category, normalize

MASK = "**********"

#: Shorter ones, once folded, stand in too many words.
_LEAST_FOLDED, _LEAST_ENCODED = 4, 5
_READINGS = 3
_ESCAPE = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)|(?P<bytes>(?:\\[xX][0-9A-Fa-f]{2})+)"
    r"|\\u(?P<pair>[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\(?:u(?P<unit>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|(?P<short>[\"'\\/bfnrt]))"
    r"|&(?:#0*(?P<decimal>[0-9]{1,7})|#[xX]0*(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));"
)
#: Where somebody escaped other characters and left each backslash alone.
_ESCAPE_BUT_OF_BACKSLASH = re.compile(_ESCAPE.pattern.replace(r"'\\/bfnrt", "'/bfnrt"))
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{0,2}=*")
_HIGHEST = 0x10FFFF
_LETTERS_OF_A_BYTE = {"url": 3, "bytes": 4}
_DASHES_MARKS_AND_UNSEEN = frozenset({"Pd", "Mn", "Cf"})

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as it may be read; `spans` tell where each of its characters stands in the text itself."""

    text: str
    spans: list[_Span]

    def decoded(self, escapes: re.Pattern[str]) -> "_Reading":
        """The same with these escapes undone, once."""
        parts, spans, end = list[str](), list[_Span](), 0
        for escape in escapes.finditer(self.text):
            for character, (start, stop) in _meant(escape):
                parts += (self.text[end:start], character)
                spans += self.spans[end:start]
                spans += [(self.spans[start][0], self.spans[stop - 1][1])] * len(character)
                end = stop
        return _Reading("".join(parts) + self.text[end:], spans + self.spans[end:])

    def folded(self) -> "_Reading":
        """The same without what people and programs change: case, accents, spaces and hyphens."""
        folded = [(each, span) for one, span in zip(self.text, self.spans, strict=True) for each in _folded(one)]
        return _Reading("".join(each for each, _ in folded), [span for _, span in folded])

    def found(self, sought: str) -> Iterator[_Span]:
        """Where in the text itself it stands."""
        at = self.text.find(sought) if sought else -1
        while at >= 0:
            yield self.spans[at][0], self.spans[at + len(sought) - 1][1]
            at = self.text.find(sought, at + 1)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret masked."""
    return replaced(text, dict.fromkeys(filter(None, secrets), MASK))


def replaced(text: str, words: Mapping[str, str]) -> str:
    """The text with each of these words replaced, in whichever spelling it stands there; what overlaps, as one."""
    readings = _readings(text)
    folded = [reading.folded() for reading in readings]
    found = {
        span: word
        for sought, word in words.items()
        for span in (*_to_the_letter(sought, readings), *_folded_and_encoded(sought, folded, text))
    }
    for (start, stop), word in reversed(_merged(found)):
        text = text[:start] + word + text[stop:]
    return text


def secrets_in(body: bytes) -> Iterator[str]:
    """What a message that is no command has where commands have secrets: its faults name fields, never values.

    A field may have been given a secret's name by mistake, and names are cut: what one begins with is given as well.
    """
    with suppress(ValueError, RecursionError):
        for secret in _secrets_below(json.loads(body)):
            yield from (secret, secret[:_SHOWN_OF_A_NAME])


#: So much of a field's name is told.
_SHOWN_OF_A_NAME = 64


def _secrets_below(value: object, *, secret: bool = False) -> Iterator[str]:
    match value:
        case str() if secret:
            yield value
        case list():
            for each in value:
                yield from _secrets_below(each, secret=secret)
        case dict():
            for name, each in value.items():
                yield from _secrets_below(each, secret=secret or "passw" in name.lower())


def _readings(text: str) -> list[_Reading]:
    readings = [_Reading(text, list(pairwise(range(len(text) + 1))))]
    while len(readings) < _READINGS and _ESCAPE.search(readings[-1].text):
        readings.append(readings[-1].decoded(_ESCAPE))
    if "\\\\" in text:
        readings.append(readings[0].decoded(_ESCAPE_BUT_OF_BACKSLASH))
    return readings


def _to_the_letter(sought: str, readings: list[_Reading]) -> Iterator[_Span]:
    spellings = {each.text for each in _readings(sought)}
    # As forms write a space.
    for spelling in spellings | {each.replace(" ", "+") for each in spellings}:
        for reading in readings:
            yield from reading.found(spelling)


def _folded_and_encoded(sought: str, readings: list[_Reading], text: str) -> Iterator[_Span]:
    for spelling in {each.folded().text for each in _readings(sought)}:
        if len(spelling) >= _LEAST_FOLDED:
            for reading in readings:
                yield from reading.found(spelling)
    for encoded in _encoded(sought):
        spelling = _Reading(encoded, [(0, 0)] * len(encoded)).folded().text
        if len(spelling) >= _LEAST_ENCODED:
            for reading in readings:
                for start, stop in reading.found(spelling):
                    yield _with_its_ends(text, start, stop)


def _encoded(sought: str) -> Iterator[str]:
    for raw in {sought.encode("utf-8", "surrogatepass"), sought.encode("latin-1", "ignore")}:
        yield from (raw.hex(), raw.hex(":"), "".join(f"0x{byte:02x}" for byte in raw))
        for before in range(3):
            # Only letters that are made of nothing else: what stands before and behind it changes the others.
            whole = slice(-(-before * 8 // 6), (before + len(raw)) * 8 // 6)
            for encode in (b64encode, urlsafe_b64encode):
                yield encode(b"\0" * before + raw).decode("ascii")[whole]


def _with_its_ends(text: str, start: int, stop: int) -> _Span:
    """The span with the letters at its ends, which hold some bits of it."""
    before, behind = _BASE64.match(text[max(0, start - 2) : start][::-1]), _BASE64.match(text, stop)
    return start - (before.end() if before else 0), behind.end() if behind else stop


def _merged(found: Mapping[_Span, str]) -> list[tuple[_Span, str]]:
    merged: list[tuple[_Span, str]] = []
    for (start, stop), word in sorted(found.items(), key=lambda each: (each[0][0], -each[0][1])):
        if merged and start < merged[-1][0][1]:
            (first, last), before = merged[-1]
            merged[-1] = (first, max(last, stop)), before
        else:
            merged.append(((start, stop), word))
    return merged


def _meant(escape: re.Match[str]) -> Iterator[tuple[str, _Span]]:
    """What an escape stands for, and where; nothing for one that stands for nothing."""
    kind, start = escape.lastgroup or "", escape.start()
    value = escape[kind]
    if kind in _LETTERS_OF_A_BYTE:
        yield from _from_bytes(bytes.fromhex(re.sub(r"%|\\[xX]", "", value)), start, _LETTERS_OF_A_BYTE[kind])
    elif kind == "short":
        yield _SHORT.get(value, value), escape.span()
    elif kind == "name":
        if f"{value};" in html5:
            yield html5[f"{value};"], escape.span()
    elif kind == "pair":
        yield bytes.fromhex(value.replace("\\u", "")).decode("utf-16-be"), escape.span()
    else:
        code = int(value, 10 if kind == "decimal" else 16)
        if code <= _HIGHEST:
            yield chr(code), escape.span()


def _from_bytes(raw: bytes, start: int, letters: int) -> Iterator[tuple[str, _Span]]:
    for character in raw.decode(errors="surrogateescape"):
        # What is no UTF-8, also where the text was cut, is taken for Latin-1.
        is_byte = "\udc80" <= character <= "\udcff"
        size = 1 if is_byte else len(character.encode())
        yield chr(ord(character) & 0xFF) if is_byte else character, (start, start + letters * size)
        start += letters * size


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """A character as it is compared; empty for what is passed over."""
    apart = normalize("NFKD", character.casefold()).casefold()
    return "".join(
        each for each in apart if not (each.isspace() or each == "+" or category(each) in _DASHES_MARKS_AND_UNSEEN)
    )
