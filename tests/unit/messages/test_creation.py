"""What a CreateCustomer may say beyond what it must, and the days on which a first bill may come."""

from datetime import date

import pytest

from messages.commands import CreateCustomer
from messages.envelope import decode
from tests.unit.messages.wire import DATA, Build, broken, create, faults, structured


def billed(day: str, sent: str | None) -> tuple[str, ...]:
    """The broken rules of a create with that billing date, sent at that time."""
    return faults(structured({**DATA["CreateCustomer"], "billing_date": day}, type="CreateCustomer", time=sent))


def test_what_is_optional_is_read() -> None:
    optional = {"ip": ["192.0.2.1", "2001:db8::1"], "ip_group": ["g"], "free_user": False, "billing_date": "2026-12-01"}

    command = decode(create(**optional)).data

    assert isinstance(command, CreateCustomer)
    assert (command.ip, command.ip_group) == (("192.0.2.1", "2001:db8::1"), ("g",))
    assert (command.free_user, command.billing_date) == (False, date(2026, 12, 1))


@pytest.mark.parametrize("field", ["ip", "ip_group", "free_user", "billing_date"])
def test_what_is_optional_may_be_null(field: str) -> None:
    assert field not in decode(create(**{field: None})).data.revealed()


@pytest.mark.parametrize(
    "value",
    ["192.0.2", "::g", "", "192.0.2.1/24", "192.0.2.01", "192.0.2.256", "fe80::1%eth0", "fe80::1%" + "x" * 9999],
)
def test_what_is_no_address_of_a_machine_is_refused(value: str) -> None:
    assert broken("CreateCustomer", ip=["192.0.2.1", value]) == ("ip.1: must be an IP address",)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("ip", "192.0.2.1", "ip: must be a list"),
        ("ip", [7], "ip.0: must be text"),
        ("ip", ["192.0.2.1"] * 101, "ip: must have at most 100 entries"),
        ("ip_group", ["g"] * 101, "ip_group: must have at most 100 entries"),
        ("ip_group", [""], "ip_group.0: must have at least 1 characters"),
        ("ip_group", ["x" * 256], "ip_group.0: must have at most 255 characters"),
        ("free_user", "true", "free_user: must be true or false"),
        ("free_user", 1, "free_user: must be true or false"),
    ],
)
def test_an_optional_field_has_rules_too(field: str, value: object, rule: str) -> None:
    assert broken("CreateCustomer", **{field: value}) == (rule,)


@pytest.mark.parametrize("length", [0, 1, 100])
def test_lists_may_have_up_to_100_entries(length: int) -> None:
    assert broken("CreateCustomer", ip=["192.0.2.1"] * length, ip_group=["x" * 255] * length) == ()


@pytest.mark.parametrize(
    "value", ["2026-02-29", "2/28/26", "20260228", "2026-2-28", "2026-W10-1", "2026-02-28T00", "", 7]
)
def test_a_billing_date_is_a_day_of_the_calendar(value: object) -> None:
    assert broken("CreateCustomer", billing_date=value) == ("billing_date: must be a day in the form YYYY-mm-dd",)


@pytest.mark.parametrize(
    ("sent", "first", "last"),
    [
        ("2026-11-21T09:30:00Z", "2026-11-22", "2026-12-20"),
        ("2011-02-28T00:00:00Z", "2011-03-01", "2011-03-27"),
        ("2026-12-31T23:59:59Z", "2027-01-01", "2027-01-30"),
        # The same day of the next month is its last one when it has no such day.
        ("2026-01-31T12:00:00Z", "2026-02-01", "2026-02-27"),
        ("2028-01-31T12:00:00Z", "2028-02-01", "2028-02-28"),
        ("2026-08-31T12:00:00Z", "2026-09-01", "2026-09-29"),
        # The day is that of UTC, wherever the emitter is.
        ("2026-11-22T01:00:00+02:00", "2026-11-22", "2026-12-20"),
        ("2026-11-20T23:00:00-02:00", "2026-11-22", "2026-12-20"),
        ("2000-01-01T00:00:00Z", "2000-01-02", "2000-01-31"),
        ("9998-12-31T00:00:00Z", "9999-01-01", "9999-01-30"),
    ],
)
def test_a_first_bill_comes_within_a_month_and_a_day_from_both_ends(sent: str, first: str, last: str) -> None:
    assert (billed(first, sent), billed(last, sent)) == ((), ())

    rule = f"billing_date: must be from {first} to {last} for a command of "
    for day in (date.fromisoformat(first).toordinal() - 1, date.fromisoformat(last).toordinal() + 1):
        (fault,) = billed(date.fromordinal(day).isoformat(), sent)
        assert fault.startswith(rule)


def test_the_window_is_measured_from_the_commands_own_time_in_every_form(build: Build) -> None:
    sent = {**DATA["CreateCustomer"], "billing_date": "2026-12-21"}

    assert faults(build(sent, type="CreateCustomer")) == (
        "billing_date: must be from 2026-11-22 to 2026-12-20 for a command of 2026-11-21 (UTC)",
    )


def test_a_create_that_does_not_say_when_it_was_sent_is_left_to_the_provider() -> None:
    assert billed("2011-02-28", None) == ()


def test_the_window_is_looked_at_when_everything_else_is_good() -> None:
    found = faults(create(billing_date="2026-11-21", password="zQ7"))

    assert found == ("password: must have at least 6 characters",)
