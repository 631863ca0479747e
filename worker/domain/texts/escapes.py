"""How a text may be read: as it stands, with its escapes undone, and folded to what programs leave as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import pairwise
from unicodedata import category, normalize

_TIMES = 2
_URL = r"(?P<url>(?:%[0-9A-Fa-f]{2})+)"
_BACKSLASHES = (
    r"(?P<bytes>(?:\\[xX][0-9A-Fa-f]{2})+)|\\u(?P<pair>[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\(?:u(?P<unit>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|(?P<short>[\"'\\/bfnrt]))"
)
_ENTITY = r"&(?:#0*(?P<decimal>[0-9]{1,7})|#[xX]0*(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));"
_ALL = f"{_URL}|{_BACKSLASHES}|{_ENTITY}"
#: All kinds, and each alone: what looks like an escape of another kind may be part of what was escaped. The last is of
#: somebody who escaped other characters and left each backslash alone.
_KINDS = tuple(map(re.compile, (_ALL, _URL, _BACKSLASHES, _ENTITY, _ALL.replace(r"'\\/bfnrt", "'/bfnrt"))))
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HIGHEST = 0x10FFFF
_CHARACTERS_OF_A_BYTE = {"url": 3, "bytes": 4}
_DASHES_MARKS_AND_UNSEEN = frozenset({"Pd", "Mn", "Cf"})

#: Where something begins and ends.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it may be read; `spans` say where each of its characters stands in the text itself."""

    text: str
    spans: list[Span]

    def decoded(self, escapes: re.Pattern[str]) -> "Reading":
        """The same with these escapes undone, once."""
        parts, spans, end = list[str](), list[Span](), 0
        for escape in escapes.finditer(self.text):
            for character, (start, stop) in _meant(escape):
                parts += (self.text[end:start], character)
                spans += self.spans[end:start]
                spans += [(self.spans[start][0], self.spans[stop - 1][1])] * len(character)
                end = stop
        return Reading("".join(parts) + self.text[end:], spans + self.spans[end:])

    def folded(self) -> "Reading":
        """The same without what people and programs change: case, accents, spaces and hyphens."""
        folded = [(each, span) for one, span in zip(self.text, self.spans, strict=True) for each in _compared(one)]
        return Reading("".join(each for each, _ in folded), [span for _, span in folded])

    def found(self, sought: str) -> Iterator[Span]:
        """Where in the text itself it stands."""
        at = self.text.find(sought) if sought else -1
        while at >= 0:
            yield self.spans[at][0], self.spans[at + len(sought) - 1][1]
            at = self.text.find(sought, at + 1)


def readings(text: str) -> list[Reading]:
    """The text as it stands, and with its escapes undone once and twice, of all kinds together and of each alone."""
    plain = Reading(text, list(pairwise(range(len(text) + 1))))
    found = {text: plain}
    for kind in _KINDS:
        reading = plain
        for _ in range(_TIMES):
            if not kind.search(reading.text):
                break
            reading = reading.decoded(kind)
            found.setdefault(reading.text, reading)
    return list(found.values())


def _meant(escape: re.Match[str]) -> Iterator[tuple[str, Span]]:
    """What an escape stands for, and where; nothing for one that stands for nothing."""
    kind, start = escape.lastgroup or "", escape.start()
    value = escape[kind]
    if kind in _CHARACTERS_OF_A_BYTE:
        yield from _from_bytes(bytes.fromhex(re.sub(r"%|\\[xX]", "", value)), start, _CHARACTERS_OF_A_BYTE[kind])
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


def _from_bytes(raw: bytes, start: int, characters: int) -> Iterator[tuple[str, Span]]:
    for character in raw.decode(errors="surrogateescape"):
        # What is no UTF-8, also where the text was cut, is taken for Latin-1.
        is_byte = "\udc80" <= character <= "\udcff"
        size = 1 if is_byte else len(character.encode())
        yield chr(ord(character) & 0xFF) if is_byte else character, (start, start + characters * size)
        start += characters * size


@lru_cache(maxsize=4096)
def _compared(character: str) -> str:
    """A character as it is compared; empty for what is passed over."""
    apart = normalize("NFKD", character.casefold()).casefold()
    return "".join(
        each for each in apart if not (each.isspace() or each == "+" or category(each) in _DASHES_MARKS_AND_UNSEEN)
    )
