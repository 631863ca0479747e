"""The rules for single arguments, at and beyond their borders."""

from datetime import date

import pytest

from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Form

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
    ("name", "is_bad"),
    [("ab", True), ("abc", False), ("a" * 64, False), ("a" * 65, True), ("12345", True), ("1234a", False)],
)
def test_c56_a_credential_name_has_3_to_64_characters_and_not_digits_alone(name: str, *, is_bad: bool) -> None:
    assert bool(list(validation.bad_name(form(user=name), "user"))) is is_bad


@pytest.mark.parametrize("day", ["2011-02-28", "2011-03-28"])
def test_c18_a_billing_date_may_be_today_or_up_to_a_month_ahead(day: str) -> None:
    assert not list(validation.bad_billing_date(day, TODAY))


@pytest.mark.parametrize("day", ["2011-02-27", "2011-03-29", "3/28/11", "2011-3-28", "2011-02-30", "20110301"])
def test_c18_a_billing_date_beyond_the_cycle_or_written_otherwise_is_refused(day: str) -> None:
    assert list(validation.bad_billing_date(day, TODAY))


@pytest.mark.parametrize(
    ("day", "later"),
    [("2011-01-31", "2011-02-28"), ("2012-01-31", "2012-02-29"), ("2011-12-05", "2012-01-05")],
)
def test_a_billing_cycle_ends_on_the_same_day_or_the_months_last(day: str, later: str) -> None:
    assert validation.same_day_next_month(date.fromisoformat(day)) == date.fromisoformat(later)


def test_the_providers_domain_is_looked_for_behind_the_last_at_sign_alone() -> None:
    assert validation.in_provider_domain("x@mail.SendGrid.com")
    assert not validation.in_provider_domain("sendgrid.com@x.org")


def test_both_versions_of_ip_addresses_are_addresses() -> None:
    assert not validation.bad_address("10.0.0.1")
    assert not validation.bad_address("::1")
    assert validation.bad_address("10.0.0.256")


def test_no_text_quotes_the_value_it_refuses() -> None:
    told = [*validation.bad_password(form(p="s3cr"), "p"), *validation.bad_name(form(u="12"), "u")]

    assert not [text for text in told if "s3cr" in text or "'12'" in text]
