"""From bytes to the JSON values written there, one at a time: however many there are, one is held in memory.

JSON lines, one object over many lines, and objects one after the other (as `jq` prints them) are the same thing here:
values that begin on a line of their own. Only an array has to be read whole.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from messages.keys import doubled_fault
from worker.received.marks import MARKS, UTF8

#: Far more than the largest command there can be; what goes on longer is cut, so that one brace is not a whole file.
MAX_VALUE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Value:
    """One value: the first is number 1. `line` is where it begins; None in an array, where only the number helps."""

    number: int
    line: int | None
    content: object = field(repr=False)  # it holds passwords


@dataclass(frozen=True, slots=True)
class NotJson:
    """Something that is no value: the line, and the rule it breaks; never what stands there."""

    line: int
    rule: str


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """The text ends before the value does."""

    why: NotJson


class _Refused(ValueError):
    """Python would read it, and the worker does not."""


Line = tuple[int, bytes]


def values(lines: Iterable[bytes]) -> Iterator[Value | NotJson]:
    """Read every value of these lines, in their order; a line that is none is told, and the next one is tried."""
    numbered = _written(lines)
    first = next(numbered, None)
    if first is None:
        return
    if first[1].lstrip().startswith(b"["):
        yield from _array(first, numbered)
    else:
        yield from _one_by_one(itertools.chain([first], numbered))


def _written(lines: Iterable[bytes]) -> Iterator[Line]:
    """The lines with something on them, numbered from 1."""
    for number, line in enumerate(lines, start=1):
        # Files that were put together bring their marks with them.
        bare = line.removeprefix(UTF8)
        if bare.strip():
            yield number, bare


def _array(first: Line, rest: Iterator[Line]) -> Iterator[Value | NotJson]:
    start, head = first
    # Lines that were passed over are put back empty: an error then names the line as an editor counts it.
    text, last = [head], start
    for number, line in rest:
        text.append(b"\n" * (number - last - 1) + line)
        last = number
    match _parsed(b"".join(text), start):
        case NotJson() as fault:
            yield fault
        case _Incomplete(fault):
            yield fault
        case [list() as entries]:
            yield from (Value(number, None, content) for number, content in enumerate(entries, start=1))


def _one_by_one(lines: Iterator[Line]) -> Iterator[Value | NotJson]:
    count = itertools.count(1)
    start, pending = 0, b""
    for number, line in lines:
        if not pending:
            start = number
        parsed = _parsed(pending + line, start)
        if isinstance(parsed, NotJson) and pending and line.startswith(b"{"):
            # The one before was never ended, and this line is the next one.
            next(count)
            yield NotJson(start, "it ends in the middle")
            start, pending, parsed = number, b"", _parsed(line, number)
        if isinstance(parsed, _Incomplete) and len(pending) + len(line) <= MAX_VALUE_BYTES:
            pending += line
            continue
        pending = b""
        yield _value(parsed, next(count), start)
    if pending:
        yield NotJson(start, "it ends in the middle")


def _value(parsed: "list[object] | NotJson | _Incomplete", number: int, line: int) -> Value | NotJson:
    match parsed:
        case NotJson():
            return parsed
        case _Incomplete(why):
            return why
        case _:
            return Value(number, line, parsed[0])


def _parsed(text: bytes, start: int) -> list[object] | NotJson | _Incomplete:
    """The value alone in a list, or why there is none."""
    try:
        return [json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_number)]
    except UnicodeDecodeError as exc:
        rule = "it is in UTF-16 or UTF-32; save it in UTF-8" if text.startswith(MARKS) else "it is not UTF-8"
        return NotJson(start + text[: exc.start].count(b"\n"), rule)
    except json.JSONDecodeError as exc:
        fault = NotJson(start + exc.lineno - 1, f"{exc.msg} (column {exc.colno})")
        return fault if exc.doc[exc.pos :].strip() else _Incomplete(fault)
    except _Refused as exc:
        return NotJson(start, str(exc))
    except RecursionError:
        return NotJson(start, "it is nested too deeply")
    except ValueError:
        return NotJson(start, "it holds a number with too many digits")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Refused(doubled_fault(next(name for name in names if names.count(name) > 1)))
    return named


def _no_number(word: str) -> object:
    raise _Refused(f"{word} is no number of JSON")
