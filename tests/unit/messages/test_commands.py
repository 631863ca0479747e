"""The fields of the commands, at both sides of each limit of the provider's documents."""

import pytest
from pydantic import SecretStr

from messages.catalog import CATALOG
from messages.envelope import decode
from tests.unit.messages.wire import CUSTOMER, DATA, PROFILE, REQUIRED, SECRET, broken, command

LIMITS = {
    **dict.fromkeys(("first_name", "last_name", "zip", "phone"), 50),
    **dict.fromkeys(("address", "city", "state", "country"), 100),
    **dict.fromkeys(("website", "company", "package", "whitelabel"), 255),
}
TEXTS = [
    *(("CreateCustomer", name, limit) for name, limit in LIMITS.items()),
    *(("UpdateProfile", name, LIMITS[name]) for name in PROFILE),
    *(("RetrieveCustomers", name, 255) for name in ("username", "email", *PROFILE)),
]
NEW_NAMES = [("CreateCustomer", "username"), ("ChangeUsername", "new_username")]
NAMES = [
    *((type_, "username") for type_, fields in DATA.items() if "username" in fields and type_ != "RetrieveCustomers"),
    *((type_, "credential_name") for type_, fields in DATA.items() if "credential_name" in fields),
    ("ChangeUsername", "new_username"),
]
PASSWORDS = [
    ("CreateCustomer", "password"),
    ("ChangePassword", "password"),
    ("AddCredential", "credential_password"),
    ("RotateCredential", "new_credential_password"),
]
EMAILS = pytest.mark.parametrize("type_", ["CreateCustomer", "ChangeEmail"])


@pytest.mark.parametrize(("type_", "field", "limit"), TEXTS)
def test_a_text_may_be_as_long_as_its_limit(type_: str, field: str, limit: int) -> None:
    for character in ("x", "ä", "\N{GRINNING FACE}"):
        read = decode(command(type_, {field: character * limit})).data

        assert getattr(read, field) == character * limit


@pytest.mark.parametrize(("type_", "field", "limit"), TEXTS)
def test_a_text_may_not_be_longer_nor_empty(type_: str, field: str, limit: int) -> None:
    assert broken(type_, **{field: "x" * (limit + 1)}) == (f"{field}: must have at most {limit} characters",)
    assert broken(type_, **{field: ""}) == (f"{field}: must have at least 1 characters",)


@pytest.mark.parametrize("type_", DATA)
def test_what_is_required_is_missed_by_name(type_: str) -> None:
    for field in REQUIRED[type_]:
        assert broken(type_, **{field: ...}) == (f"{field}: is required",)


@pytest.mark.parametrize("type_", DATA)
def test_what_is_required_is_text_and_not_null(type_: str) -> None:
    for field in REQUIRED[type_]:
        for value in (None, 12345, 1.5, True, ["text"], {"text": "text"}):
            assert broken(type_, **{field: value}) == (f"{field}: must be text",)


def test_nothing_else_is_required() -> None:
    for type_ in CATALOG:
        required = {name for name, field in CATALOG[type_].model.model_fields.items() if field.is_required()}

        assert required == set(REQUIRED[type_])


@pytest.mark.parametrize(("type_", "field"), NAMES)
def test_a_name_has_3_to_64_characters_and_need_not_be_an_address(type_: str, field: str) -> None:
    for value in ("abc", "x" * 64, "12a", "reseller_customer", "zoë@example.com", "١٢٣٤"):
        assert broken(type_, **{field: value}) == ()


@pytest.mark.parametrize(("type_", "field"), NAMES)
def test_any_other_name_is_refused(type_: str, field: str) -> None:
    for value, rule in (
        ("ab", "must have at least 3 characters"),
        ("x" * 65, "must have at most 64 characters"),
        ("12345", "must not be all digits"),
        ("a\x00bc", "must not contain control characters"),
        ("a\x9b31mbc", "must not contain control characters"),
        ("a\x80bc", "must not contain control characters"),
        ("abc\n", "must not contain control characters"),
    ):
        assert broken(type_, **{field: value}) == (f"{field}: {rule}",)


@pytest.mark.parametrize(("type_", "field"), NEW_NAMES)
@pytest.mark.parametrize("value", ["x@SendGrid.com", "x@mail.sendgrid.com", "a@b@sendgrid.com.example.org"])
def test_a_new_name_is_not_of_the_providers_domain(type_: str, field: str, value: str) -> None:
    assert broken(type_, **{field: value}) == (f"{field}: must not have sendgrid.com in its domain",)
    assert broken("DisableCustomer", username=value) == ()


@pytest.mark.parametrize(("type_", "field"), NEW_NAMES)
@pytest.mark.parametrize("value", ["x@sendgrid.com@example.org", "sendgrid.com", "x@grid.com"])
def test_the_providers_domain_may_stand_elsewhere(type_: str, field: str, value: str) -> None:
    assert broken(type_, **{field: value}) == ()


@pytest.mark.parametrize(("type_", "field"), PASSWORDS)
@pytest.mark.parametrize("length", [6, 255])
def test_a_password_is_kept_as_it_is_and_hidden(type_: str, field: str, length: int) -> None:
    read = decode(command(type_, {field: " " * length})).data

    assert getattr(read, field) == SecretStr(" " * length)
    assert read.revealed()[field] == " " * length
    assert read.secrets() == (" " * length,)


@pytest.mark.parametrize(("type_", "field"), PASSWORDS)
def test_a_password_may_not_be_shorter_nor_longer(type_: str, field: str) -> None:
    assert broken(type_, **{field: "x" * 5}) == (f"{field}: must have at least 6 characters",)
    assert broken(type_, **{field: "x" * 256}) == (f"{field}: must have at most 255 characters",)


@EMAILS
@pytest.mark.parametrize("value", ["a@b.de", "x" * 57 + "@b.test", "zoë@bücher.example", "x@sendgrid.com"])
def test_an_email_address_has_its_form_and_64_characters(type_: str, value: str) -> None:
    assert broken(type_, email=value) == ()


@EMAILS
@pytest.mark.parametrize("value", ["", "a", "a@b", "@b.de", "a@.de", "a@b..de", "a b@c.de", "a@b@c.de", "a@b.de "])
def test_what_has_not_the_form_of_an_address_is_refused(type_: str, value: str) -> None:
    assert broken(type_, email=value) == ("email: must have the form of an email address",)


@EMAILS
def test_a_longer_address_is_refused(type_: str) -> None:
    assert broken(type_, email="x" * 58 + "@b.test") == ("email: must have at most 64 characters",)
    assert broken(type_, email="a@b.de\n") == ("email: must not contain control characters",)


@pytest.mark.parametrize("type_", DATA)
def test_an_unknown_field_is_refused_by_its_name(type_: str) -> None:
    for field in ("confirm_password", "Username", "", "nested.name", "specversion"):
        assert broken(type_, **{field: "x"}) == (f"{field}: is not a field of this command",)


def test_the_name_of_an_unknown_field_is_shown_safely() -> None:
    assert broken("DisableCustomer", **{"a\x1b[31m": 1}) == ("a?[31m: is not a field of this command",)
    assert broken("DisableCustomer", **{"x" * 65: 1}) == (f"{'x' * 64}...: is not a field of this command",)


def test_of_very_many_faults_twenty_are_named_and_the_rest_counted() -> None:
    found = broken("DisableCustomer", **{f"field_{number}": 1 for number in range(1000)})

    assert len(found) == 21
    assert found[-1] == "and 980 more"


@pytest.mark.parametrize("type_", DATA)
def test_a_command_can_be_neither_changed_nor_seen_through(type_: str) -> None:
    envelope = decode(command(type_, {}))
    read = envelope.data

    with pytest.raises(ValueError, match="frozen"):
        setattr(read, next(iter(type(read).model_fields)), "other")
    assert SECRET not in f"{read} {read!r} {read.model_dump_json()} {envelope!r}"


@pytest.mark.parametrize("type_", DATA)
def test_the_secrets_of_a_command_are_those_that_are_marked(type_: str) -> None:
    secret = [name for name, value in DATA[type_].items() if value == SECRET]

    assert [(type_, name) for name in secret] == [each for each in PASSWORDS if each[0] == type_]
    assert decode(command(type_, {})).data.secrets() == (SECRET,) * len(secret)


@pytest.mark.parametrize("type_", DATA)
def test_a_command_names_the_customers_it_is_about(type_: str) -> None:
    named = {"RetrieveCustomers": (), "ChangeUsername": (CUSTOMER["username"], "ada@example.org")}

    assert decode(command(type_, {})).data.customers() == named.get(type_, (CUSTOMER["username"],))


@pytest.mark.parametrize(("type_", "field"), NAMES)
@pytest.mark.parametrize("space", [" ", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}", "\u2028"])
def test_a_name_has_no_spaces_at_its_ends(type_: str, field: str, space: str) -> None:
    for name in (f"{space}mailer", f"mailer{space}", space * 3):
        assert broken(type_, **{field: name}) == (f"{field}: must not have spaces at its ends",)
    assert decode(command(type_, {field: f"mai{space}ler"})).data.revealed()[field] == f"mai{space}ler"
