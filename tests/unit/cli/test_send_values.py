"""Reading what people feed to `send`: every spelling of many values, and where each begins."""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from worker.cli.send.values import NotJson, Value, values


def read(text: str | bytes) -> list[Value | NotJson]:
    raw = text.encode() if isinstance(text, str) else text
    return list(values(raw.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\n", []),
        ('{"a": 1}', [(1, {"a": 1})]),
        ('{"a": 1}\n\n{"b": 2}\n', [(1, {"a": 1}), (3, {"b": 2})]),
        ('{"a": 1}\r\n{"b": 2}\r\n', [(1, {"a": 1}), (2, {"b": 2})]),
        ('\ufeff{"a": 1}\n', [(1, {"a": 1})]),
        ('\ufeff{"a": 1}\n\ufeff{"b": 2}\n', [(1, {"a": 1}), (2, {"b": 2})]),
        ('{\n  "a": 1,\n\n  "b": {\n  }\n}\n', [(1, {"a": 1, "b": {}})]),
        ('{\n  "a": 1\n}\n{\n  "b": 2\n}', [(1, {"a": 1}), (4, {"b": 2})]),
        ('{"a": "one\u2028line"}\n', [(1, {"a": "one\u2028line"})]),
        ("[]", []),
        ('\n[{"a": 1},\n\n 2]\n', [(None, {"a": 1}), (None, 2)]),
    ],
)
def test_every_spelling_is_read(text: str, expected: list[tuple[int | None, object]]) -> None:
    numbered = [Value(number, line, content) for number, (line, content) in enumerate(expected, start=1)]

    assert read(text) == numbered


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{no json", 1),
        ("\n\nsecret-word", 3),
        ('{"a": "secret-word\n"}', 1),
        ('{\n  "a": 1,\n  "b": secret-word\n}', 3),
        ("[]]", 1),
        ('[{"a": 1},\n\n {"b": secret-word}]', 3),
        ('[{"a": "secret-word"}', 1),
        ('{"a": {"b": "secret-word"}\n', 1),
        (b'{"a": "secret-word \xff"}\n', 1),
        ("[" * 100_000, 1),
        ("1" * 5_000, 1),
    ],
)
def test_what_is_no_json_is_told_by_its_line_and_not_by_its_content(text: str | bytes, line: int) -> None:
    faults = [value for value in read(text) if isinstance(value, NotJson)]

    assert faults[0].line == line
    assert "secret-word" not in repr(faults)


def test_a_line_that_was_cut_does_not_swallow_the_next_one() -> None:
    assert read('{"a": {"b": 1\n{"c": 2}\n') == [NotJson(1, "it ends in the middle"), Value(2, 2, {"c": 2})]


def test_a_broken_line_is_told_and_the_next_ones_are_read() -> None:
    first, broken, last = read('{"a": 1}\n{"b": }\n{"c": 3}\n')

    assert (first, last) == (Value(1, 1, {"a": 1}), Value(3, 3, {"c": 3}))
    assert isinstance(broken, NotJson)


def test_lines_are_taken_one_at_a_time() -> None:
    def endless() -> Iterator[bytes]:
        return (b'{"n": %d}\n' % number for number in count())

    assert [value.line for value in islice(values(endless()), 3)] == [1, 2, 3]


def test_an_object_that_never_ends_is_given_up() -> None:
    padding = b" " * 100_000
    endless = (b"{\n" if number == 0 else b'"%d": 1,%s\n' % (number, padding) for number in count())

    assert isinstance(next(values(endless)), NotJson)


def test_what_was_read_is_not_shown() -> None:
    assert "secret-word" not in repr(read('{"password": "secret-word"}'))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_with_a_mark_is_named(encoding: str) -> None:
    fault = read('{"a": "secret-word"}\n'.encode(encoding))[0]

    assert isinstance(fault, NotJson)
    assert fault.rule == "it is in UTF-16 or UTF-32; save it in UTF-8"
