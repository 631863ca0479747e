"""A message that is no command is answered under the name it gives itself, if it gives one."""

from dataclasses import asdict, replace

import pytest

from messages.errors import CommandName, Invalid, Undecodable, UnknownType
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, ENVELOPE, FORMS, SECRET, Build, bare, binary, refused, structured

NAME = CommandName(
    source="billing",
    id="evt_1001",
    type="DisableCustomer",
    subject="cus_42",
    username="ada@example.com",
    correlationid="order_7",
    traceparent=ENVELOPE["traceparent"],
)


def test_an_unknown_type_is_answered_under_its_own_name(build: Build) -> None:
    error = refused(build(DATA["DisableCustomer"], type="Disablecustomer"))

    assert isinstance(error, UnknownType)
    assert error.faults == (f"type: is not a command; known are {', '.join(DATA)}",)
    assert error.name == replace(NAME, type="Disablecustomer")


def test_invalid_data_is_answered_with_everything_the_envelope_says(build: Build) -> None:
    error = refused(build({**DATA["DisableCustomer"], "extra": 1}))

    assert isinstance(error, Invalid)
    assert error.name == NAME


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_data_that_is_no_object_has_no_username(data: object) -> None:
    body = structured("@").body.replace(b'"@"', str(data or "null").encode() if data != "text" else b'"text"')
    error = refused(WireMessage(body, content_type="application/cloudevents+json"))

    assert error.faults == ("data: must be an object with the command's fields",)
    assert error.name == replace(NAME, username=None)


@pytest.mark.parametrize("form", [binary, bare])
@pytest.mark.parametrize("body", [b"\xff", b"{", b"[]", b'{"a": "' + b"x" * 262_144 + b'"}'])
def test_a_body_that_cannot_be_read_is_answered_by_headers_and_properties(form: Build, body: bytes) -> None:
    error = refused(replace(form(), body=body))

    assert isinstance(error, Undecodable)
    assert error.name == replace(NAME, username=None)


def test_a_structured_body_that_cannot_be_read_is_answered_by_the_properties() -> None:
    message = replace(structured(), body=b"{", message_id="evt_1001", app_id="billing", type="DisableCustomer")

    assert refused(message).name == CommandName(source="billing", id="evt_1001", type="DisableCustomer")


def test_a_structured_body_alone_that_cannot_be_read_is_nobodys() -> None:
    assert refused(replace(structured(), body=b"{")).name is None


@pytest.mark.parametrize("attribute", ["id", "source"])
@pytest.mark.parametrize("value", [None, "", "x" * 256, "a\x00b"])
def test_without_a_usable_key_there_is_no_name(build: Build, attribute: str, value: object) -> None:
    assert refused(build(DATA["DisableCustomer"], **{attribute: value})).name is None


@pytest.mark.parametrize("attribute", ["type", "subject", "correlationid"])
@pytest.mark.parametrize("value", ["x" * 256, "a\x00b"])
def test_a_name_leaves_out_what_breaks_its_rule(build: Build, attribute: str, value: str) -> None:
    name = refused(build(DATA["DisableCustomer"], **{attribute: value})).name

    assert name is not None
    assert asdict(name) == {**asdict(NAME), attribute: None}


@pytest.mark.parametrize("username", ["x" * 256, "a\nb", "", 7, None, [SECRET]])
def test_a_username_that_cannot_be_repeated_is_left_out(username: object) -> None:
    assert refused(structured({"username": username})).name == replace(NAME, username=None)


@pytest.mark.parametrize("username", ["x" * 65, "ab", "12345"])
def test_a_username_that_breaks_a_rule_is_still_repeated(username: str) -> None:
    assert refused(structured({"username": username})).name == replace(NAME, username=username)


def test_a_user_profile_is_answered_under_the_one_it_belongs_to() -> None:
    error = refused(structured({"on_behalf_of": "ada@example.com"}, type="UpdateUserProfile"))

    assert error.name == replace(NAME, type="UpdateUserProfile")


def test_a_search_is_about_nobody_in_particular() -> None:
    error = refused(structured({"username": "ada", "limit": 0}, type="RetrieveCustomers"))

    assert error.name == replace(NAME, type="RetrieveCustomers", username=None)


def test_every_form_gives_the_same_name() -> None:
    broken = {**DATA["DisableCustomer"], "extra": 1}

    assert {refused(form(broken)).name for form in FORMS.values()} == {NAME}
