"""Spellings of the same text, and texts that are not the same."""

from collections.abc import Callable
from typing import Literal
from unicodedata import normalize

import pytest

from worker.domain.ports import CustomerRow
from worker.domain.texts.comparison import same_in_any_case, same_text, spellings

SAME_TEXT = [
    ("Ada", " Ada\t"),
    ("Ada", "Ada\N{NO-BREAK SPACE}"),
    ("Zo\u00eb", "Zoe\u0308"),
    ("O'Brien", "O&#39;Brien"),
    ("O'Brien", "O&#039;Brien"),
    ("O'Brien", "O&#x27;Brien"),
    ('A & B "Ltd" <x>', "A &amp; B &quot;Ltd&quot; &lt;x&gt;"),
]
SAME_IN_ANY_CASE = [("Ada@Example.com", "ada@example.com"), ("STRASSE", "straße"), ("Zo\u00cb", " zoe\u0308")]
OTHERS = [
    ("Ada", "Adam"),
    ("Ada Lovelace", "AdaLovelace"),
    ("Zoë", "Zoe"),
    ("a.b@example.com", "ab@example.com"),
    ("", "a"),
]


@pytest.mark.parametrize(("sent", "listed"), SAME_TEXT)
def test_spaces_around_it_the_unicode_form_and_entities_make_no_other_text(sent: str, listed: str) -> None:
    assert same_text(sent, listed)
    assert same_text(listed, sent)
    assert same_in_any_case(sent, listed)


@pytest.mark.parametrize(("sent", "listed"), SAME_IN_ANY_CASE)
def test_another_case_is_the_same_only_where_case_does_not_count(sent: str, listed: str) -> None:
    assert same_in_any_case(sent, listed)
    assert not same_text(sent, listed)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_anything_else_is_another_text(one: str, other: str) -> None:
    assert not same_in_any_case(one, other)
    assert not same_text(one, other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.com", ("ada@example.com",)),
        ("Ada", ("Ada", "ada")),
        ("zoe\u0308", ("zoe\u0308", "zo\u00eb")),
        ("zo\u00eb", ("zo\u00eb", "zoe\u0308")),
        ("o'brien", ("o'brien", "o&#39;brien", "o&#039;brien", "o&#x27;brien", "o&apos;brien")),
        ("o&#39;brien", ("o&#39;brien", "o'brien", "o&#039;brien", "o&#x27;brien", "o&apos;brien")),
        ("a&b", ("a&b", "a&amp;b")),
        (" Ada ", (" Ada ", "Ada", "ada")),
    ],
)
def test_what_is_searched_for_is_the_text_and_then_its_other_spellings(text: str, expected: tuple[str, ...]) -> None:
    assert spellings(text) == expected


Form = Literal["NFC", "NFD"]
CASES: tuple[Callable[[str], str], ...] = (str, str.lower)
FORMS: tuple[Form, ...] = ("NFC", "NFD")
ENTITIES = ("'", "&#39;", "&#039;", "&#x27;", "&apos;")


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("sent", ["Zo\u00eb.O'Brien", "Zoe\u0308.O'Brien", "Zoe\u0308.O&#39;Brien"])
def test_a_search_asks_for_every_mixture_once(sent: str, case: Callable[[str], str], form: Form, entity: str) -> None:
    asked = spellings(sent)

    assert case(normalize(form, "Zo\u00eb.O'Brien")).replace("'", entity) in asked
    assert len(asked) == len(set(asked)) == len(CASES) * len(FORMS) * len(ENTITIES)


def test_a_row_differs_only_where_it_has_another_text() -> None:
    row = CustomerRow({"username": "ADA", "last_name": "O&#39;Brien", "city": " Ulm ", "zip": "1"})

    wanted = {"username": "ada", "last_name": "O'Brien", "city": "Ulm", "zip": "2", "phone": "1", "company": "x"}
    assert row.differences(wanted) == ("zip", "phone")


@pytest.mark.parametrize("same", [same_text, same_in_any_case])
def test_a_number_of_thousands_of_digits_in_an_entity_is_no_fault(same: Callable[[str, str], bool]) -> None:
    assert not same("&#" + "1" * 5_000 + ";", "ada@example.com")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("same", [same_text, same_in_any_case])
def test_a_listed_text_of_endless_marks_is_compared_as_it_is(same: Callable[[str, str], bool]) -> None:
    endless = "a" + "\u0301" * 300_000 + "\u0316" * 300_000

    assert same(endless, endless)
    assert not same(endless, "a")
