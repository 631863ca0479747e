"""The rules for single arguments, at and beyond their borders."""

from datetime import date

import pytest

from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Form
from sandbox.provider.operations.customers.closing import end_of_cycle

TODAY = date(2011, 2, 28)


def form(**values: str) -> Form:
    return Form(values, {})


def test_absent_and_empty_are_both_missing() -> None:
    found = list(validation.missing(form(city="", state="CA"), ["city", "state", "zip"]))

    assert found == ["Missing city parameter", "Missing zip parameter"]


def test_a_limit_counts_characters_not_bytes() -> None:
    assert not list(validation.too_long(form(city="ż" * 5), {"city": 5}))
    assert list(validation.too_long(form(city="ż" * 6), {"city": 5}))


@pytest.mark.parametrize("address", ["a@x.com", "a.b+c@mail.x.com", "Zoë@x.com"])
def test_an_email_address_is_accepted(address: str) -> None:
    assert not list(validation.bad_email(form(email=address), "email"))


@pytest.mark.parametrize("address", ["a", "a@", "@x.com", "a@b@x.com", "a@x", "a b@x.com", "a@x..com", "a@x.com\n"])
def test_what_is_no_email_address_is_refused(address: str) -> None:
    assert list(validation.bad_email(form(email=address), "email"))


@pytest.mark.parametrize("domain", ["example", "exa mple.com", "http://example.com", "example.com/x", "a@example.com"])
def test_what_is_no_domain_name_is_refused(domain: str) -> None:
    assert list(validation.bad_domain(form(whitelabel=domain), "whitelabel"))


@pytest.mark.parametrize(
    ("day", "later"),
    [("2011-01-31", "2011-02-28"), ("2012-01-31", "2012-02-29"), ("2011-12-05", "2012-01-05")],
)
def test_a_billing_cycle_ends_on_the_same_day_or_the_months_last(day: str, later: str) -> None:
    assert validation.same_day_next_month(date.fromisoformat(day)) == date.fromisoformat(later)


def test_both_versions_of_ip_addresses_are_addresses() -> None:
    assert not validation.bad_address("10.0.0.1")
    assert not validation.bad_address("::1")
    assert validation.bad_address("10.0.0.256")


def test_no_text_quotes_the_value_it_refuses() -> None:
    errors = [*validation.bad_password(form(p="s3cr"), "p"), *validation.bad_name(form(u="12"), "u")]

    assert not [text for text in errors if "s3cr" in text or "'12'" in text]


@pytest.mark.parametrize(
    ("billing_day", "today", "closes_on"),
    [
        (None, "2011-02-28", "2011-03-01"),
        (None, "2011-12-31", "2012-01-01"),
        ("2011-03-15", "2011-03-14", "2011-03-15"),
        ("2011-03-15", "2011-03-15", "2011-04-15"),
        ("2011-03-31", "2011-03-31", "2011-04-30"),
    ],
)
def test_a_billing_cycle_ends_before_the_next_one_begins(billing_day: str | None, today: str, closes_on: str) -> None:
    billing_date = None if billing_day is None else date.fromisoformat(billing_day)

    assert str(end_of_cycle(billing_date, date.fromisoformat(today))) == closes_on
