"""Reading what people feed to `send`: JSON lines, an array or objects, and where each value begins."""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from worker.cli.commands.send.reading import InputFault, Value, values


def read(text: str | bytes) -> list[Value | InputFault]:
    raw = text.encode() if isinstance(text, str) else text
    return list(values(raw.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\n", []),
        ("\ufeff\n", []),
        ('{"a": 1}', [("line 1", {"a": 1})]),
        ('{"a": 1}\n\n{"b": 2}\n', [("line 1", {"a": 1}), ("line 3", {"b": 2})]),
        ('{"a": 1}\r\n{"b": 2}\r\n', [("line 1", {"a": 1}), ("line 2", {"b": 2})]),
        ('\ufeff{"a": 1}\n', [("line 1", {"a": 1})]),
        ('\ufeff{"a": 1}\n\ufeff{"b": 2}\n', [("line 1", {"a": 1}), ("line 2", {"b": 2})]),
        ('{\n  "a": 1,\n\n  "b": {\n  }\n}\n', [("line 1", {"a": 1, "b": {}})]),
        ('\n{\n  "a": 1\n}\n\n\ufeff{\n  "b": 2\n}', [("line 2", {"a": 1}), ("line 6", {"b": 2})]),
        ('{"a": "one\u2028line"}\n', [("line 1", {"a": "one\u2028line"})]),
        ("[]", []),
        ('\n[{"a": 1},\n\n 2]\n', [("command 1", {"a": 1}), ("command 2", 2)]),
        ('\ufeff[{"a": 1}]', [("command 1", {"a": 1})]),
    ],
)
def test_every_spelling_is_read(text: str, expected: list[tuple[str, object]]) -> None:
    assert read(text) == [Value(place, content) for place, content in expected]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{no json", 1),
        ("\n\nsecret-word", 3),
        ('{"a": "secret-word\n"}', 1),
        ('{\n  "a": 1,\n  "b": secret-word\n}', 3),
        ('{\n  "a": 1\n}\n\nsecret-word', 5),
        ('{\n  "a": 1\n}\n{\n  "b": 1, "b": "secret-word"\n}', 4),
        ("[]]", 1),
        ('[{"a": 1},\n\n {"b": secret-word}]', 3),
        ('[{"a": "secret-word"}', 1),
        ('{"a": {"b": "secret-word"}\n', 1),
        (b'{"a": "secret-word \xff"}\n', 1),
        (b'{\n"a": "secret-word \xff"}\n', 2),
        ("[" * 100_000, 1),
        ("1" * 5_000, 1),
    ],
)
def test_what_is_no_json_is_reported_by_its_line_and_not_by_its_content(text: str | bytes, line: int) -> None:
    faults = [value for value in read(text) if isinstance(value, InputFault)]

    assert faults[0].sentence.startswith(f"line {line} is not JSON: ")
    assert "secret-word" not in repr(faults)


@pytest.mark.parametrize("broken", ['{"b": }', '{"b": {"c": 1', '{"b": 1, "b": 2}', "NaN", "\ufffe"])
def test_a_broken_line_is_reported_and_the_next_ones_are_read(broken: str) -> None:
    first, fault, last = read(f'{{"a": 1}}\n{broken}\n{{"c": 3}}\n')

    assert (first, last) == (Value("line 1", {"a": 1}), Value("line 3", {"c": 3}))
    assert isinstance(fault, InputFault)


def test_lines_are_taken_one_at_a_time() -> None:
    def endless() -> Iterator[bytes]:
        return (b'{"n": %d}\n' % number for number in count())

    assert [value.place for value in islice(values(endless()), 3) if isinstance(value, Value)] == [
        "line 1",
        "line 2",
        "line 3",
    ]


def test_what_was_read_is_not_shown() -> None:
    assert "secret-word" not in repr(read('{"password": "secret-word"}'))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_with_a_mark_is_named(encoding: str) -> None:
    fault = read('{"a": "secret-word"}\n'.encode(encoding))[0]

    assert fault == InputFault("line 1 is not JSON: it is in UTF-16 or UTF-32; save it in UTF-8")
