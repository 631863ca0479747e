"""One command, three forms, one envelope; and what wins when a message is a mixture of them."""

import json
from dataclasses import replace

import pytest

from messages.catalog import CATALOG
from messages.envelope import Envelope, decode
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, ENVELOPE, Build, bare, binary, faults, structured


def test_the_three_forms_of_a_command_are_one_envelope() -> None:
    assert decode(structured()) == decode(binary()) == decode(bare())


def test_every_attribute_is_read(build: Build) -> None:
    envelope = decode(build())

    assert envelope == Envelope(
        id="evt_1001",
        source="billing",
        type="DisableCustomer",
        subject="cus_42",
        time=1_795_253_400.0,
        correlationid="order_7",
        traceparent=ENVELOPE["traceparent"],
        data=envelope.data,
    )
    assert envelope.data.revealed() == DATA["DisableCustomer"]


@pytest.mark.parametrize("type_", CATALOG)
def test_every_command_may_come_in_every_form(build: Build, type_: str) -> None:
    envelope = decode(build(type=type_))

    assert envelope.type == type_
    assert envelope.data.revealed() == DATA[type_]


def test_what_is_optional_may_be_left_out(build: Build) -> None:
    envelope = decode(build(subject=None, time=None, correlationid=None, traceparent=None))

    assert (envelope.subject, envelope.time, envelope.correlationid, envelope.traceparent) == (None, None, None, None)


@pytest.mark.parametrize("missing", ["id", "source", "type"])
def test_what_is_required_may_not(build: Build, missing: str) -> None:
    message = build(DATA["DisableCustomer"], **{missing: None})

    assert f"{missing}: is required" in faults(message)


@pytest.mark.parametrize("prefix", ["ce-", "cloudEvents:", "cloudEvents_"])
def test_the_prefixes_of_all_amqp_bindings_are_read(prefix: str) -> None:
    assert decode(binary(prefix=prefix)) == decode(binary())


@pytest.mark.parametrize("version", [None, "0.3", "1.1", 1.0])
@pytest.mark.parametrize("form", [structured, binary])
def test_another_version_of_cloudevents_is_refused(form: Build, version: object) -> None:
    assert faults(form(specversion=version)) == ("specversion: must be 1.0",)


@pytest.mark.parametrize("form", [structured, binary])
def test_an_envelope_wins_over_the_properties_of_a_library(form: Build) -> None:
    message = replace(form(), message_id="7f3a", app_id="billing-1.2", type="invoice.paid", timestamp=7)

    assert decode(message) == decode(form())


def test_a_copy_of_the_envelope_in_the_headers_is_lawful() -> None:
    assert decode(replace(structured(), headers=binary().headers)) == decode(structured())


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain"])
@pytest.mark.parametrize("type_", [None, "DisableCustomer"])
def test_an_envelope_under_another_content_type_is_still_one(content_type: str | None, type_: str | None) -> None:
    message = replace(structured(), content_type=content_type, type=type_, message_id="evt_1001", app_id="other")

    assert decode(message) == decode(structured())


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", " APPLICATION/CloudEvents+JSON;charset=UTF-8"]
)
def test_the_content_type_is_compared_as_content_types_are(content_type: str) -> None:
    message = replace(structured(specversion=None, source=None), content_type=content_type)

    assert faults(message) == ("source: is required", "specversion: must be 1.0")


def test_a_batch_of_cloudevents_is_no_command() -> None:
    body = json.dumps([json.loads(structured().body)]).encode()
    message = WireMessage(body, content_type="application/cloudevents-batch+json")

    assert faults(message) == ("the body is JSON, but not an object",)


def test_a_binary_message_may_be_correlated_by_the_property() -> None:
    message = replace(binary(correlationid=None), correlation_id="order_7")

    assert decode(message).correlationid == "order_7"


@pytest.mark.parametrize("form", [structured, binary])
def test_a_trace_context_may_stand_in_a_plain_header(form: Build) -> None:
    message = form(traceparent=None)
    headers = {**message.headers, "traceparent": ENVELOPE["traceparent"]}

    assert decode(replace(message, headers=headers)).traceparent == ENVELOPE["traceparent"]
