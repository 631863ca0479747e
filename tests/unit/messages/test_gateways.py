"""Messages whose content type says one form and whose content is another, as gateways and libraries send them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from messages.envelope import decode
from messages.errors import CommandName, Undecodable
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, Build, bare, binary, faults, refused, structured

CLOUDEVENTS = ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8", "application/cloudevents"]
OTHERS = [None, "", "application/json; charset=utf-8", "text/plain"]


@pytest.mark.parametrize("content_type", [*CLOUDEVENTS, *OTHERS])
@pytest.mark.parametrize("form", [structured, binary, bare])
def test_what_a_message_holds_says_more_than_its_content_type(form: Build, content_type: str | None) -> None:
    assert decode(replace(form(), content_type=content_type)) == decode(form())


@pytest.mark.parametrize("prefix", ["Ce-", "CE-", "ce_", "CE_", "ce:", "cloudevents:", "CloudEvents_", "cloudEvents-"])
@pytest.mark.parametrize("content_type", ["application/cloudevents+json", "application/json"])
def test_the_headers_of_the_binary_form_are_read_in_every_spelling(prefix: str, content_type: str) -> None:
    assert decode(replace(binary(prefix=prefix), content_type=content_type)) == decode(binary())


def test_the_names_of_attributes_are_read_in_every_case() -> None:
    message = binary()
    headers = {name.title(): value for name, value in message.headers.items()}

    assert "Ce-Id" in headers
    assert decode(replace(message, headers=headers)) == decode(message)


def test_a_header_of_no_attribute_makes_a_bare_message_no_other() -> None:
    message = bare()

    assert decode(replace(message, headers={**message.headers, "ce-yours": "x", "CE-mark": 1})) == decode(message)
    assert faults(replace(message, app_id=None, headers={"ce-yours": "x"})) == ("source: is required",)
    assert decode(replace(binary(), headers={**binary().headers, "ce-yours": ["x", "y"]})) == decode(binary())


def test_an_envelope_under_headers_of_its_own_is_still_the_envelope() -> None:
    message = replace(structured(), content_type="application/json", headers=binary().headers)

    assert decode(message) == decode(structured())


def named(**properties: str) -> CommandName | None:
    """The name of an envelope without an id of its own."""
    return refused(replace(structured(id=None), **properties)).name  # type: ignore[arg-type]  # names


def test_an_envelope_whose_id_is_in_the_properties_alone_is_answered() -> None:
    name = named(message_id="evt_1001", app_id="other")

    assert name is not None
    assert (name.id, name.source, name.type, name.subject) == ("evt_1001", "billing", "DisableCustomer", "cus_42")
    assert faults(replace(structured(id=None), message_id="evt_1001")) == ("id: is required",)


def test_an_envelope_whose_id_is_in_the_headers_alone_is_answered() -> None:
    name = refused(replace(structured(id=None), headers={"Ce-Id": "evt_1001"}, message_id="other")).name

    assert name is not None
    assert name.id == "evt_1001"


def test_an_envelope_that_nothing_names_is_not_answered() -> None:
    assert named() is None
    assert named(app_id="billing") is None


def test_headers_without_an_id_are_answered_under_the_property() -> None:
    name = refused(replace(binary(id=None), message_id="evt_1001", correlation_id="other")).name

    assert name is not None
    assert (name.id, name.source, name.correlationid) == ("evt_1001", "billing", "order_7")


def test_a_body_that_cannot_be_read_is_answered_by_headers_and_properties_together() -> None:
    message = replace(binary(source=None), body=b"\xff", app_id="billing", message_id="other")
    error = refused(message)

    assert isinstance(error, Undecodable)
    assert error.name is not None
    assert (error.name.source, error.name.id) == ("billing", "evt_1001")


@pytest.mark.parametrize("content_type", [*CLOUDEVENTS, *OTHERS])
def test_an_envelope_without_its_version_is_reported_and_answered(content_type: str | None) -> None:
    error = refused(replace(structured(specversion=None), content_type=content_type))

    assert error.faults == ("specversion: must be 1.0",)
    assert error.name is not None


@pytest.mark.parametrize("content_type", CLOUDEVENTS)
def test_data_under_a_structured_content_type_that_nothing_else_explains_is_a_broken_envelope(
    content_type: str,
) -> None:
    body = json.dumps(DATA["DisableCustomer"]).encode()
    error = refused(WireMessage(body, content_type=content_type, message_id="evt_1001", app_id="billing"))

    assert "specversion: must be 1.0" in error.faults
    assert error.name is not None
    assert error.name.id == "evt_1001"


@pytest.mark.parametrize("beside", [{"type": "DisableCustomer"}, {"headers": {"ce-source": "gateway"}}])
def test_a_part_of_an_envelope_is_a_broken_envelope_whatever_is_shown_beside_it(beside: dict[str, Any]) -> None:
    assert faults(replace(structured(id=None, specversion=None), **beside)) == (
        "id: is required",
        "specversion: must be 1.0",
    )


STRAY = [
    {"ce_time": "noon"},
    {"CE-Subject": "other"},
    {"cloudevents_source": "gateway"},
    {"ce-id": "7f3a", "ce-source": "gateway"},
    {"ce-id": "7f3a", "ce-type": "invoice.paid", "ce-time": 5},
    {"ce-id": ["7f3a", "7f3b"]},
]


@pytest.mark.parametrize("stray", STRAY)
def test_headers_that_name_no_command_make_a_bare_message_no_other(stray: dict[str, object]) -> None:
    message = bare()

    assert decode(replace(message, headers={**message.headers, **stray})) == decode(message)


def test_another_command_in_a_header_beside_a_bare_message_is_refused() -> None:
    message = bare()

    sent = faults(replace(message, headers={**message.headers, "ce-type": "DeleteCustomer"}))

    assert sent == ("type: is not the same in the envelope and in the property `type`",)


@pytest.mark.parametrize("stray", STRAY)
def test_a_bare_message_that_cannot_be_read_is_answered_as_its_properties_say(stray: dict[str, object]) -> None:
    message = replace(bare(), body=b"{")
    name = refused(replace(message, headers={**message.headers, **stray})).name

    assert name is not None
    assert (name.source, name.id, name.type, name.subject) == ("billing", "evt_1001", "DisableCustomer", "cus_42")


@pytest.mark.parametrize("absent", ["id", "source", "type"])
def test_headers_with_a_version_are_the_binary_form_though_the_properties_name_a_command(absent: str) -> None:
    given: dict[str, Any] = {absent: None}
    message = binary(DATA["DisableCustomer"], **given)

    sent = replace(message, message_id="7f3a", app_id="billing-1.2", type="DisableCustomer")

    assert faults(sent) == (f"{absent}: is required",)


def test_headers_that_name_a_command_are_the_binary_form_without_their_version() -> None:
    sent = replace(binary(specversion=None), message_id="7f3a", app_id="billing-1.2", type="DisableCustomer")

    assert faults(sent) == ("specversion: must be 1.0",)


@pytest.mark.parametrize("absent", ["type", "message_id", "app_id"])
def test_properties_that_name_no_command_leave_headers_the_binary_form(absent: str) -> None:
    message = replace(bare(), headers={"ce-source": "billing"}, **{absent: None})  # type: ignore[arg-type]  # names

    assert "specversion: must be 1.0" in faults(message)
