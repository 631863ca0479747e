"""A byte order mark is no part of a text, and may name its encoding."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from messages import strict_json
from worker.received.marks import text_of, unmarked

TEXT = 'Zoë "Ł"'
MARKED = {
    "utf-8": TEXT.encode("utf-8-sig"),
    "utf-8, twice": codecs.BOM_UTF8 * 2 + TEXT.encode(),
    "utf-16, little-endian": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16, big-endian": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "utf-32, little-endian": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "utf-32, big-endian": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "utf-16 of a text with a mark": f"\ufeff{TEXT}".encode("utf-16"),
}


@pytest.mark.parametrize("marked", MARKED.values(), ids=MARKED.keys())
def test_a_marked_text_is_the_text(marked: bytes) -> None:
    assert unmarked(marked).decode() == TEXT


@pytest.mark.parametrize("text", [b"plain", b" \xef\xbb\xbf", b"\xef\xbb", b"\xff", TEXT.encode()])
def test_what_has_no_mark_stays_as_it_is(text: bytes) -> None:
    assert unmarked(text) is text


@pytest.mark.parametrize("text", [b"\xff\xfea", b"\xfe\xff\xd8\x00", b"\xff\xfe\x00\x00\xff\xff\xff\xff"])
def test_what_is_not_in_the_encoding_of_its_mark_is_no_text(text: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        unmarked(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_line_break_of_a_file_is_one(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "text"
    file.write_bytes("one\r\ntwo\rthree\n".encode(encoding))

    assert text_of(file) == "one\ntwo\nthree\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("without_marks", [unmarked, strict_json.unmarked])
def test_a_text_of_nothing_but_marks_costs_no_copy_for_each(without_marks: Callable[[bytes], bytes]) -> None:
    assert without_marks(codecs.BOM_UTF8 * 1_000_000 + b"{}") == b"{}"
