"""The numbered checks: none is missing, each stands here alone, and the stand-in's page says what each shows."""

import re
from pathlib import Path

from sandbox.provider.settings import Switches

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "sandbox.md"
ALL = [f"{number:02}" for number in range(1, 75)]


def numbers_in(folder: Path) -> set[str]:
    """The numbers in the names of the tests of a folder and of those below it."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py"))
    return {number for text in texts for name in re.findall(r"def (test_c\d\d_\w+)", text) for number in names(name)}


def names(test: str) -> list[str]:
    """The numbers that a test's name begins with."""
    return re.findall(r"_c(\d\d)(?=_)", test)


def rows() -> list[tuple[str, str, str]]:
    """The page's table: a number, what it shows, and where the provider's documents say so."""
    return re.findall(r"^\| C(\d\d) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_check_from_c01_to_c74_has_a_test() -> None:
    assert sorted(numbers_in(HERE)) == ALL


def test_no_other_folder_repeats_a_numbered_check() -> None:
    others = [folder for folder in HERE.parent.iterdir() if folder.is_dir() and folder != HERE]

    assert [folder.name for folder in others if numbers_in(folder)] == []


def test_the_page_says_of_each_check_what_it_shows_and_which_document_asks_for_it() -> None:
    assert [number for number, _, _ in rows()] == ALL
    assert len({shows for _, shows, _ in rows()}) == len(ALL)


def test_a_check_that_a_switch_turns_into_another_names_a_switch_that_there_is() -> None:
    named = {word for _, _, where in rows() for word in re.findall(r"`(\w+)`", "".join(re.findall(r"\(.*\)", where)))}

    assert named
    assert named - set(Switches.model_fields) == set()
