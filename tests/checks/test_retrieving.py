"""Retrieve: rows, filters, pages."""

import pytest

from tests.checks.rig import LIST, NEW, NOT_FOUND, Provider

TWELVE = [
    *("username", "email", "active", "first_name", "last_name", "address"),
    *("city", "state", "zip", "country", "phone", "website"),
]
ALL = ["a@x.com", "b@x.com", "aa@x.com"]


def test_c20_rows_have_twelve_texts_and_deleted_customers_none(provider: Provider) -> None:
    rows = provider.rows()

    assert [row["username"] for row in rows] == ALL
    assert [list(row) for row in rows] == [TWELVE] * 3
    assert [row["active"] for row in rows] == ["true", "false", "true"]
    assert all(isinstance(value, str) for row in rows for value in row.values())


def test_c20_by_switch_rows_carry_what_some_recorded_ones_do(provider: Provider) -> None:
    provider.switch(row_extra="id,address2,website_access")

    row = provider.row("b@x.com")

    assert list(row) == ["id", *TWELVE[:6], "address2", *TWELVE[6:], "website_access"]
    assert (row["id"], row["address2"], row["website_access"]) == ("2", "", "true")


def test_c21_in_xml_the_rows_are_users(provider: Provider) -> None:
    answer = provider.manage(**LIST, username="b@x.com")

    assert [list(row) for row in answer.content] == [TWELVE]
    if provider.dialect.format == "xml":
        assert answer.body.startswith(
            b'<?xml version="1.0" encoding="ISO-8859-1"?><users><user><username>b@x.com</user'
        )
        assert answer.body.endswith(b"</user></users>")


def test_c22_the_username_filter_finds_substrings(provider: Provider) -> None:
    assert provider.names(username="a@x.com") == ["a@x.com", "aa@x.com"]
    assert provider.names(username="A@X") == ["a@x.com", "aa@x.com"]
    assert provider.last.username == "A@X"


@pytest.mark.parametrize(
    ("how", "wanted", "found"),
    [
        ("exact", "a@x.com", ["a@x.com"]),
        ("exact", "a@x", []),
        ("prefix", "a", ["a@x.com", "aa@x.com"]),
        ("prefix", "@x.com", []),
        ("substring", "@x.com", ALL),
    ],
)
def test_c22_by_switch_a_filter_compares_otherwise(provider: Provider, how: str, wanted: str, found: list[str]) -> None:
    provider.switch(filter=how)

    assert provider.names(username=wanted) == found


def test_c23_nobody_found_is_an_empty_list(provider: Provider) -> None:
    answer = provider.manage(**LIST, username="nobody")

    assert answer.status == 200
    assert answer.content == []
    assert answer.body == (b"[]" if provider.dialect.format == "json" else answer.body[:43] + b"<users/>")


def test_c24_one_row_is_a_list_too(provider: Provider) -> None:
    assert provider.manage(**LIST, username="b@x.com").content == [provider.row("b@x.com")]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"email": "b@"}, ["b@x.com"]),
        ({"city": "any"}, ALL),
        ({"email": "a@x.com", "city": "Any"}, ["a@x.com", "aa@x.com"]),
        ({"email": "a@x.com", "city": "Elsewhere"}, []),
        ({"username": "aa", "email": "b@"}, []),
    ],
)
def test_c25_a_row_must_pass_every_filter(provider: Provider, filters: dict[str, str], found: list[str]) -> None:
    assert provider.names(**filters) == found


def test_c25_each_of_the_thirteen_filters_filters(provider: Provider) -> None:
    odd = {name: f"odd-{name}" for name in [*TWELVE, "company"] if name not in {"email", "active"}}
    assert provider.post("add", **{**NEW, **odd, "email": "odd@mail.org"}).content == {"message": "success"}
    provider.manage(method="disable", user="odd-username")

    for name, value in {**odd, "email": "odd@mail.org", "username": "odd-"}.items():
        assert provider.names(**{name: value}) == ["odd-username"], name
    assert provider.names(active="false", username="odd") == ["odd-username"]


@pytest.mark.parametrize(
    "wrong", [{"active": "yes"}, {"limit": "ten"}, {"offset": "-1"}, {"limit": "9" * 5000}], ids=str
)
def test_c25_a_filter_that_cannot_be_read_is_refused_rather_than_ignored(
    provider: Provider, wrong: dict[str, str]
) -> None:
    assert provider.manage(**LIST, **wrong).errors


@pytest.mark.parametrize(
    ("word", "found"), [("false", ALL[1:2]), ("0", ALL[1:2]), ("true", ALL[::2]), ("1", ALL[::2]), ("", ALL)]
)
def test_c26_active_can_be_asked_for_in_four_words(provider: Provider, word: str, found: list[str]) -> None:
    assert provider.names(active=word) == found


@pytest.mark.parametrize(
    "call", [{}, *({"method": "profile", **task} for task in ({}, {"task": "ge"}, {"task": "GET"}))]
)
def test_c27_a_missing_or_misspelled_task_is_not_found(provider: Provider, call: dict[str, str]) -> None:
    answer = provider.manage(**call)

    assert (answer.status, answer.content) == (404, NOT_FOUND)


def test_c20_pages_follow_one_another_without_a_gap(provider: Provider) -> None:
    assert [provider.names(limit="2", offset=str(offset)) for offset in (0, 2, 4)] == [ALL[:2], ALL[2:], []]

    provider.switch(page_size=2)
    assert provider.names() == ALL[:2]
    assert provider.names(offset="1") == ALL[1:]
    assert provider.names(limit="3") == ALL[:2]
    assert provider.names(limit="1") == ALL[:1]


def test_c38_a_company_can_be_searched_for(provider: Provider) -> None:
    assert provider.names(company="any company") == ALL


def test_c20_by_switch_a_list_has_no_pages(provider: Provider) -> None:
    provider.switch(paging="off")

    assert provider.names(limit="2", offset="1") == ALL
