"""The fields of the commands, at both sides of each limit of the provider's documents."""

from collections.abc import Callable
from datetime import date

import pytest
from pydantic import SecretStr

from messages.codec import decode
from messages.commands import CreateCustomer
from messages.envelope import WireMessage
from tests.unit.messages.wire import DATA, SECRET, create, disable, faults, rotate

Build = Callable[..., WireMessage]

TEXTS = [
    *(("first_name", 50), ("last_name", 50), ("address", 100), ("city", 100), ("state", 100), ("zip", 50)),
    *(("country", 100), ("phone", 50), ("website", 255), ("company", 255), ("package", 255), ("whitelabel", 255)),
]
NAMES = [
    *((create, "username"), (disable, "username"), (rotate, "username"), (rotate, "credential_name")),
]
PASSWORDS = [(create, "password"), (rotate, "new_credential_password")]


@pytest.mark.parametrize(("field", "limit"), TEXTS)
def test_a_text_may_be_as_long_as_its_limit(field: str, limit: int) -> None:
    for character in ("x", "ä", "\N{GRINNING FACE}"):
        command = decode(create(**{field: character * limit})).data

        assert getattr(command, field) == character * limit


@pytest.mark.parametrize(("field", "limit"), TEXTS)
def test_a_text_may_not_be_longer_nor_empty(field: str, limit: int) -> None:
    assert faults(create(**{field: "x" * (limit + 1)})) == (f"{field}: must have at most {limit} characters",)
    assert faults(create(**{field: ""})) == (f"{field}: must have at least 1 characters",)


@pytest.mark.parametrize("field", DATA["CreateCustomer"])
def test_everything_the_provider_requires_is_required(field: str) -> None:
    assert faults(create(**{field: ...})) == (f"{field}: is required",)


@pytest.mark.parametrize(
    ("build", "field"),
    [(disable, "username"), (rotate, "username"), (rotate, "credential_name"), (rotate, "new_credential_password")],
)
def test_a_command_without_a_field_it_needs_is_refused(build: Build, field: str) -> None:
    assert faults(build(**{field: ...})) == (f"{field}: is required",)


@pytest.mark.parametrize(("build", "field"), NAMES)
def test_a_name_has_3_to_64_characters_and_need_not_be_an_address(build: Build, field: str) -> None:
    for value in ("abc", "x" * 64, "12a", "reseller_customer", "zoë@example.com", "١٢٣٤"):
        assert faults(build(**{field: value})) == ()


@pytest.mark.parametrize(("build", "field"), NAMES)
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("ab", "must have at least 3 characters"),
        ("x" * 65, "must have at most 64 characters"),
        ("12345", "must not be all digits"),
        ("a\x00bc", "must not contain control characters"),
        ("abc\n", "must not contain control characters"),
    ],
)
def test_any_other_name_is_refused(build: Build, field: str, value: str, rule: str) -> None:
    assert faults(build(**{field: value})) == (f"{field}: {rule}",)


@pytest.mark.parametrize("value", ["x@SendGrid.com", "x@mail.sendgrid.com", "a@b@sendgrid.com.example.org"])
def test_a_new_name_is_not_of_the_providers_domain(value: str) -> None:
    assert faults(create(username=value)) == ("username: must not have sendgrid.com in its domain",)
    assert faults(disable(username=value)) == ()


@pytest.mark.parametrize("value", ["x@sendgrid.com@example.org", "sendgrid.com", "x@grid.com"])
def test_the_providers_domain_may_stand_elsewhere(value: str) -> None:
    assert faults(create(username=value)) == ()


@pytest.mark.parametrize(("build", "field"), PASSWORDS)
@pytest.mark.parametrize("length", [6, 255])
def test_a_password_is_kept_as_it_is_and_hidden(build: Build, field: str, length: int) -> None:
    command = decode(build(**{field: " " * length})).data

    assert getattr(command, field) == SecretStr(" " * length)
    assert command.revealed()[field] == " " * length
    assert command.secrets() == (" " * length,)


@pytest.mark.parametrize(("build", "field"), PASSWORDS)
def test_a_password_may_not_be_shorter_nor_longer(build: Build, field: str) -> None:
    assert faults(build(**{field: "x" * 5})) == (f"{field}: must have at least 6 characters",)
    assert faults(build(**{field: "x" * 256})) == (f"{field}: must have at most 255 characters",)
    assert faults(build(**{field: 123456})) == (f"{field}: must be text",)


@pytest.mark.parametrize("value", ["a@b.de", "x" * 57 + "@b.test", "zoë@bücher.example"])
def test_an_email_address_has_its_form_and_64_characters(value: str) -> None:
    assert faults(create(email=value)) == ()


@pytest.mark.parametrize("value", ["a", "a@b", "@b.de", "a@.de", "a@b..de", "a b@c.de", "a@b@c.de", "a@b.de "])
def test_what_has_not_the_form_of_an_address_is_refused(value: str) -> None:
    assert faults(create(email=value)) == ("email: must have the form of an email address",)


def test_a_longer_address_is_refused() -> None:
    assert faults(create(email="x" * 58 + "@b.test")) == ("email: must have at most 64 characters",)


def test_what_is_optional_is_read() -> None:
    optional = {"ip": ["192.0.2.1", "2001:db8::1"], "ip_group": ["g"], "free_user": False, "billing_date": "2026-02-28"}

    command = decode(create(**optional)).data

    assert isinstance(command, CreateCustomer)
    assert (command.ip, command.ip_group) == (("192.0.2.1", "2001:db8::1"), ("g",))
    assert (command.free_user, command.billing_date) == (False, date(2026, 2, 28))


@pytest.mark.parametrize("field", ["ip", "ip_group", "free_user", "billing_date"])
def test_what_is_optional_may_be_null(field: str) -> None:
    assert field not in decode(create(**{field: None})).data.revealed()


@pytest.mark.parametrize("value", ["192.0.2", "::g", "", "192.0.2.1/24", "fe80::1%eth0", "fe80::1%" + "x" * 9999])
def test_what_is_no_address_of_a_machine_is_refused(value: str) -> None:
    assert faults(create(ip=["192.0.2.1", value])) == ("ip.1: must be an IP address",)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("ip", "192.0.2.1", "ip: must be a list"),
        ("ip", [7], "ip.0: must be text"),
        ("ip", ["192.0.2.1"] * 101, "ip: must have at most 100 entries"),
        ("ip_group", ["g"] * 101, "ip_group: must have at most 100 entries"),
        ("ip_group", ["x" * 256], "ip_group.0: must have at most 255 characters"),
        ("free_user", "true", "free_user: must be true or false"),
        ("free_user", 1, "free_user: must be true or false"),
    ],
)
def test_an_optional_field_has_rules_too(field: str, value: object, rule: str) -> None:
    assert faults(create(**{field: value})) == (rule,)


@pytest.mark.parametrize("length", [0, 1, 100])
def test_lists_may_have_up_to_100_entries(length: int) -> None:
    assert faults(create(ip=["192.0.2.1"] * length, ip_group=["x" * 255] * length)) == ()


@pytest.mark.parametrize("value", ["2026-02-29", "2/28/26", "20260228", "2026-2-28", "2026-W10-1", "2026-02-28T00", 7])
def test_a_billing_date_is_a_day_of_the_calendar(value: object) -> None:
    assert faults(create(billing_date=value)) == ("billing_date: must be a day in the form YYYY-mm-dd",)


@pytest.mark.parametrize("build", [create, disable, rotate])
@pytest.mark.parametrize("field", ["confirm_password", "Username", "", "nested.name", "specversion"])
def test_an_unknown_field_is_refused_by_its_name(build: Build, field: str) -> None:
    assert faults(build(**{field: "x"})) == (f"{field}: is not a field of this command",)


def test_the_name_of_an_unknown_field_is_shown_safely() -> None:
    assert faults(disable(**{"a\x1b[31m": 1})) == ("a?[31m: is not a field of this command",)
    assert faults(disable(**{"x" * 65: 1})) == (f"{'x' * 64}...: is not a field of this command",)


def test_of_very_many_faults_twenty_are_named_and_the_rest_counted() -> None:
    found = faults(disable(**{f"field_{number}": 1 for number in range(1000)}))

    assert len(found) == 21
    assert found[-1] == "and 980 more"


@pytest.mark.parametrize("build", [create, disable, rotate])
def test_no_text_is_taken_for_another_type(build: Build) -> None:
    assert faults(build(username=12345)) == ("username: must be text",)
    assert faults(build(username=None)) == ("username: must be text",)


def test_a_command_can_be_neither_changed_nor_seen_through() -> None:
    command = decode(create()).data

    with pytest.raises(ValueError, match="frozen"):
        command.username = "other"  # type: ignore[misc]  # the fault itself
    assert SECRET not in f"{command} {command!r} {command.model_dump_json()} {decode(create())!r}"
