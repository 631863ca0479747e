"""Retrieve: rows of strings, filters, pages."""

import json
from collections.abc import Callable

import pytest

from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.settings import Filter, RowExtra, Switches
from sandbox.provider.standin import StandIn

Say = Callable[..., Answer]
Rows = Callable[..., list[dict[str, str]]]

TWELVE = [
    *("username", "email", "active", "first_name", "last_name", "address"),
    *("city", "state", "zip", "country", "phone", "website"),
]


@pytest.fixture
def rows(say: Say) -> Rows:
    """Searches as acme."""
    return lambda **filters: list(json.loads(say("manage", method="profile", task="get", **filters).body))


def names(found: list[dict[str, str]]) -> list[str]:
    return [row["username"] for row in found]


def test_c20_rows_have_the_twelve_fields_as_strings_and_only_own_customers(rows: Rows) -> None:
    found = rows()

    assert names(found) == ["a@x.com", "b@x.com", "aa@x.com"]
    assert [list(row) for row in found] == [TWELVE] * 3
    assert {row["active"] for row in found} == {"true", "false"}
    assert all(isinstance(value, str) for row in found for value in row.values())


def test_c20_further_fields_are_switched_on_in_the_recorded_order(rows: Rows, standin: StandIn) -> None:
    standin.switches = Switches(row_extra=frozenset(RowExtra))

    (row,) = rows(email="b@x.com")

    assert list(row) == ["id", *TWELVE[:6], "address2", *TWELVE[6:], "website_access"]
    assert (row["id"], row["website_access"]) == ("2", "true")


@pytest.mark.parametrize(
    ("how", "found"),
    [
        (Filter.SUBSTRING, ["a@x.com", "aa@x.com"]),
        (Filter.EXACT, ["a@x.com"]),
        (Filter.PREFIX, ["a@x.com"]),
    ],
)
def test_c22_a_username_is_found_inside_longer_ones_unless_switched(
    rows: Rows, standin: StandIn, how: Filter, found: list[str]
) -> None:
    standin.switches = Switches(filter=how)

    assert names(rows(username="A@x.com")) == found


def test_c23_c24_no_row_and_one_row_are_arrays_too(rows: Rows) -> None:
    assert rows(username="nobody") == []
    assert len(rows(username="b@x.com")) == 1


def test_c25_filters_must_all_match(rows: Rows) -> None:
    assert names(rows(city="any", email="a@x.com")) == ["a@x.com", "aa@x.com"]
    assert rows(city="elsewhere", email="a@x.com") == []


@pytest.mark.parametrize(("word", "count"), [("true", 2), ("1", 2), ("false", 1), ("0", 1), ("", 3)])
def test_c26_active_can_be_asked_for_in_four_words(rows: Rows, word: str, count: int) -> None:
    assert len(rows(active=word)) == count


def test_an_unreadable_filter_is_refused_rather_than_ignored(say: Say) -> None:
    for wrong in ({"active": "yes"}, {"limit": "ten"}, {"offset": "-1"}, {"limit": "9" * 5000}):
        assert say("manage", method="profile", task="get", **wrong).kind is AnswerKind.ERR


def test_a_limit_and_an_offset_cut_a_page_out(rows: Rows, standin: StandIn) -> None:
    assert names(rows(limit="1", offset="1")) == ["b@x.com"]
    assert rows(offset="3") == []

    standin.switches = Switches(page_size=2)
    assert len(rows()) == 2


def test_c38_a_company_can_be_searched_but_is_not_shown(rows: Rows) -> None:
    found = rows(company="any company")

    assert len(found) == 3
    assert "company" not in found[0]


def test_c42_no_row_has_anything_of_a_password(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(row_extra=frozenset(RowExtra))
    body = say("manage", method="profile", task="get").body.decode()

    assert "password" not in body
    assert standin.seal.digest("a@x.com-password") not in body
