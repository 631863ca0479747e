"""From a file or standard input to the JSON values in it, each with its place: JSON lines, an array, or one object.

JSON lines are read one at a time, so they may come as slowly and be as many as they like. Whatever is not whole on its
first line (an array, an object over many lines, several of those as `jq` prints them) is read to its end first.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NoReturn

from messages.strict_json import MARK, doubled_fault
from worker.cli.terminal.output import say
from worker.exits import Exit
from worker.received.marks import MARKS, UTF8

_BLANKS = " \t\r\n" + MARK  # files that were put together bring their marks with them
_GAP = re.compile(f"[{_BLANKS}]*")


@dataclass(frozen=True, slots=True)
class Value:
    """One JSON value, and where it stands in words: `line 3`, or `command 2` in an array."""

    place: str
    content: object = field(repr=False)  # it holds passwords


@dataclass(frozen=True, slots=True)
class InputFault:
    """What keeps something from being sent: where it stands, the fields and the rules; never a value."""

    sentence: str


class _Refused(ValueError):
    """Python would read it, and the worker does not."""


def opened(file: str) -> BinaryIO:
    """Open a file, or standard input for `-`. Ends the program with a usage error when it cannot be read."""
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as exc:
        _refuse(file, exc)


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Read a line at a time. Ends the program with a usage error when the stream breaks."""
    try:
        yield from stream
    except OSError as exc:
        _refuse(stream.name, exc)


def values(raw_lines: Iterable[bytes]) -> Iterator[Value | InputFault]:
    """Read every value; of JSON lines also those behind a broken one."""
    numbered = enumerate(raw_lines, start=1)
    first = next(((number, line) for number, line in numbered if line.replace(UTF8, b"").strip()), None)
    if first is None:
        return
    start, head = first
    if not _goes_on(head):
        yield from (value for number, line in chain([first], numbered) for value in _decoded(line, number))
        return
    for value in _decoded(b"".join(chain([head], (line for _, line in numbered))), start):
        if isinstance(value, Value) and isinstance(value.content, list):
            yield from (Value(f"command {number}", each) for number, each in enumerate(value.content, start=1))
        else:
            yield value


def _goes_on(head: bytes) -> bool:
    """Whether this line is an array, or the beginning of something longer."""
    text = head.decode(errors="replace").strip(_BLANKS)
    try:
        return isinstance(_DECODER.raw_decode(text)[0], list)
    except json.JSONDecodeError as exc:
        return exc.pos == len(text)
    except (ValueError, RecursionError):
        return False


def _decoded(raw: bytes, line: int) -> Iterator[Value | InputFault]:
    """The values of a text that begins in this line, up to the first thing that is none."""
    try:
        text = raw.decode().rstrip(_BLANKS)
    except UnicodeDecodeError as exc:
        rule = "it is in UTF-16 or UTF-32; save it in UTF-8" if raw.startswith(MARKS) else "it is not UTF-8"
        line += raw.count(b"\n", 0, exc.start)
        yield InputFault(f"line {line} is not JSON: {rule}")
        return
    end = 0
    while end < len(text):
        begin = _GAP.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing, too
        line += text.count("\n", end, begin)
        try:
            content, end = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as exc:
            line += text.count("\n", begin, exc.pos)
            yield InputFault(f"line {line} is not JSON: {exc.msg} (column {exc.colno})")
            return
        except (ValueError, RecursionError) as exc:
            yield InputFault(f"line {line} is not JSON: {_rule(exc)}")
            return
        yield Value(f"line {line}", content)
        line += text.count("\n", begin, end)


def _rule(exc: ValueError | RecursionError) -> str:
    if isinstance(exc, _Refused):
        return str(exc)
    return "it is nested too deeply" if isinstance(exc, RecursionError) else "it holds a number with too many digits"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise _Refused(doubled_fault(Counter(name for name, _ in pairs).most_common(1)[0][0]))
    return named


def _no_number(word: str) -> object:
    raise _Refused(f"{word} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def _refuse(file: str, exc: OSError) -> NoReturn:
    say(f"{file} cannot be read: {exc}")
    sys.exit(Exit.USAGE)
