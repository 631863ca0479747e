"""Spellings of the same text, and texts that are not the same."""

import pytest

from worker.domain.provider import CustomerRow
from worker.domain.spelling import same_in_any_case, same_letters, spellings

SAME_LETTERS = [
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


@pytest.mark.parametrize(("sent", "listed"), SAME_LETTERS)
def test_spaces_around_it_the_unicode_form_and_entities_make_no_other_text(sent: str, listed: str) -> None:
    assert same_letters(sent, listed)
    assert same_letters(listed, sent)
    assert same_in_any_case(sent, listed)


@pytest.mark.parametrize(("sent", "listed"), SAME_IN_ANY_CASE)
def test_another_case_is_the_same_only_where_case_does_not_count(sent: str, listed: str) -> None:
    assert same_in_any_case(sent, listed)
    assert not same_letters(sent, listed)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_anything_else_is_another_text(one: str, other: str) -> None:
    assert not same_in_any_case(one, other)
    assert not same_letters(one, other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.com", ("ada@example.com",)),
        ("Ada", ("Ada", "ada")),
        ("zoe\u0308", ("zoe\u0308", "zo\u00eb")),
        ("zo\u00eb", ("zo\u00eb", "zoe\u0308")),
        ("o'brien", ("o'brien", "o&#39;brien", "o&#039;brien")),
    ],
)
def test_what_is_searched_for_is_the_text_and_then_its_other_spellings(text: str, expected: tuple[str, ...]) -> None:
    assert spellings(text) == expected


def test_a_row_differs_only_where_it_has_another_text() -> None:
    row = CustomerRow({"username": "ADA", "last_name": "O&#39;Brien", "city": " Ulm ", "zip": "1"})

    wanted = {"username": "ada", "last_name": "O'Brien", "city": "Ulm", "zip": "2", "phone": "1", "company": "x"}
    assert row.differences(wanted) == ("zip", "phone")
