"""Texts of others are printed so that nothing in them works on whoever reads them."""

import pytest

from worker.domain.texts.printable import visible

ESCAPES = {
    "\x1b": r"\x1b",
    "\x9b": r"\x9b",
    "\x7f": r"\x7f",
    "\x00": r"\x00",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\u2028": r"\u2028",
    "\x85": r"\x85",
    "\u202e": r"\u202e",
    "\u2066": r"\u2066",
    "\u200f": r"\u200f",
    "\u061c": r"\u061c",
    "\u200b": r"\u200b",
    "\u2060": r"\u2060",
    "\ufeff": r"\ufeff",
    "\u00ad": r"\xad",
    "\u034f": r"\u034f",
    "\u3164": r"\u3164",
    "\ufe0f": r"\ufe0f",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "\U000e01ef": r"\U000e01ef",
    "\ue000": r"\ue000",
    "\xa0": r"\xa0",
}


@pytest.mark.parametrize("character", ESCAPES, ids=ascii)
def test_what_cannot_be_seen_is_written_as_its_escape(character: str) -> None:
    assert visible(f"a{character}[2Jb") == f"a{ESCAPES[character]}[2Jb"


@pytest.mark.parametrize("text", ["plain words", "Łódź & Zoë <山田> ☃ 😀", r"C:\new\x1b"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text
