"""Commands that change some of what there is: they must change something, and say whose it is."""

import pytest

from messages.envelope import decode
from tests.unit.messages.wire import CUSTOMER, DATA, PROFILE, broken, command, faults, structured

FIELDS = {"UpdateProfile": [*PROFILE], "UpdateUserProfile": ["address2", *PROFILE]}
WHOSE = {"UpdateProfile": "username", "UpdateUserProfile": "on_behalf_of"}
PATCHES = pytest.mark.parametrize("type_", FIELDS)


def patch(type_: str, **fields: object) -> tuple[str, ...]:
    """The broken rules of a patch of these fields alone."""
    return faults(structured({WHOSE[type_]: "ada@example.com", **fields}, type=type_))


@PATCHES
def test_one_field_is_enough(type_: str) -> None:
    for field in FIELDS[type_]:
        assert patch(type_, **{field: "x"}) == ()


@PATCHES
def test_a_patch_without_a_field_is_refused(type_: str) -> None:
    rule = (f"data: must have at least one field to change beside {WHOSE[type_]}",)

    assert patch(type_) == rule
    assert patch(type_, **dict.fromkeys(FIELDS[type_])) == rule


@PATCHES
def test_a_field_that_is_null_stays_as_it_is(type_: str) -> None:
    read = decode(command(type_, {"city": None})).data

    assert read.revealed() == {name: value for name, value in DATA[type_].items() if name != "city"}


@PATCHES
def test_fields_are_text(type_: str) -> None:
    for field in FIELDS[type_]:
        assert patch(type_, **{field: 7}) == (f"{field}: must be text",)


@pytest.mark.parametrize("field", FIELDS["UpdateUserProfile"])
def test_a_users_own_profile_takes_up_to_1000_characters_and_an_empty_text(field: str) -> None:
    for value in ("", "x", "ä" * 1000):
        assert patch("UpdateUserProfile", **{field: value}) == ()
    assert patch("UpdateUserProfile", **{field: "x" * 1001}) == (f"{field}: must have at most 1000 characters",)


@pytest.mark.parametrize("value", ["abc", "x" * 255, "a b c", "account-id 4711", "account-id a/b", "my account-id"])
def test_a_user_is_named_by_username_or_account(value: str) -> None:
    assert broken("UpdateUserProfile", on_behalf_of=value) == ()


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("ab", "must have at least 3 characters"),
        ("x" * 256, "must have at most 255 characters"),
        ("12345", "must not be all digits"),
        ("zoë@example.com", "must be printable ASCII without spaces at its ends"),
        (" abc", "must be printable ASCII without spaces at its ends"),
        ("abc ", "must be printable ASCII without spaces at its ends"),
        ("abc\r\nx-evil: 1", "must be printable ASCII without spaces at its ends"),
        ("account-id", "must be a username, or account-id and the id after one space"),
        ("account-id  4711", "must be a username, or account-id and the id after one space"),
        ("account-id 47 11", "must be a username, or account-id and the id after one space"),
        ("account-id=4711", "must be a username, or account-id and the id after one space"),
    ],
)
def test_any_other_user_is_refused(value: str, rule: str) -> None:
    assert broken("UpdateUserProfile", on_behalf_of=value) == (f"on_behalf_of: {rule}",)


@pytest.mark.parametrize("new", [CUSTOMER["username"], CUSTOMER["username"].upper()])
def test_a_new_username_differs_in_more_than_case(new: str) -> None:
    assert broken("ChangeUsername", new_username=new) == (
        "data: new_username must differ from username in more than case",
    )


def test_a_rule_about_two_fields_is_reported_after_those_about_one() -> None:
    assert broken("ChangeUsername", username="ab", new_username="ab") == (
        "username: must have at least 3 characters",
        "new_username: must have at least 3 characters",
    )
