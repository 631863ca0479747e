"""The result events: made once, repeated as they are."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.catalog import CATALOG
from messages.errors import CommandName
from messages.events import ResultEvent
from messages.results import Outcome, Reason
from tests.support.commands import Command
from tests.support.work_samples import create, envelope_of
from tests.unit.messages.wire import DATA, SECRET
from worker.domain import result_events
from worker.domain.deliveries import Destination
from worker.domain.result_events import Failure, StoredEvent, Success, rfc3339, routing_key, source_slug

AT = "2026-11-21T09:30:00.125Z"
NAME = CommandName(
    source="billing",
    id="evt_1",
    type="CreateCustomer",
    subject="cus_42",
    username="ada@example.com",
    correlationid="order-7",
    traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
)
FAILURE = Failure(Reason.PROVIDER_REJECTED, "the provider refused: taken", ("taken",), 3, AT, "letter-1")
APPLIED = Success(Outcome.APPLIED)
PAGE = {"customers": [{"username": "ada@example.com"}], "next_offset": None}
ENVELOPES = {type_: envelope_of(Command(type_, data, id="evt_1")) for type_, data in DATA.items()}
#: What the events of some commands have beside what all of them have: most of it comes from the command.
ADDED: dict[str, dict[str, Any]] = {
    "RetrieveCustomers": {**PAGE, "offset": 50},
    "ChangeUsername": {"new_username": "ada@example.org"},
    "ChangeEmail": {"email": "ada@example.org"},
    "AddCredential": {"credential_name": "smtp"},
    "RotateCredential": {"credential_name": "smtp"},
    "RemoveCredential": {"credential_name": "smtp"},
    "UpdateUserProfile": {"on_behalf_of": "ada@example.com"},
}
EACH_COMMAND = pytest.mark.parametrize("type_", DATA)


def added_by_the_handler(type_: str) -> dict[str, Any]:
    """What the command itself cannot say."""
    return PAGE if type_ == "RetrieveCustomers" else {}


def read(event: StoredEvent) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(event.body)
    return parsed


def test_a_success_reports_its_command_and_nothing_secret() -> None:
    event = result_events.succeeded(envelope_of(create()), "event-1", APPLIED, 2, AT)

    assert read(event) == {
        "specversion": "1.0",
        "id": "event-1",
        "source": "provisioning-worker",
        "type": "CustomerCreated",
        "subject": "cus_42",
        "time": AT,
        "datacontenttype": "application/json",
        "correlationid": "evt_1",
        "causationid": "evt_1",
        "data": {
            "command_id": "evt_1",
            "command_source": "billing",
            "command_type": "CreateCustomer",
            "username": "ada@example.com",
            "generation": 0,
            "outcome": "applied",
            "attempts": 2,
            "completed_at": AT,
        },
    }


@EACH_COMMAND
def test_each_command_has_its_own_event(type_: str) -> None:
    found = Success(Outcome.ALREADY_APPLIED, added_by_the_handler(type_))
    event = result_events.succeeded(ENVELOPES[type_], "event-1", found, 1, AT)

    assert event.type == CATALOG[ENVELOPES[type_].type].event
    assert read(event)["data"] == {**read(event)["data"], "outcome": "already_applied", **ADDED.get(type_, {})}


@EACH_COMMAND
def test_an_event_is_about_the_customer_of_its_command(type_: str) -> None:
    done = Success(Outcome.APPLIED, added_by_the_handler(type_))
    event = result_events.succeeded(ENVELOPES[type_], "event-1", done, 1, AT)

    assert read(event)["data"]["username"] == (None if type_ == "RetrieveCustomers" else "ada@example.com")


@EACH_COMMAND
def test_no_event_holds_a_secret(type_: str) -> None:
    envelope = ENVELOPES[type_]
    success = result_events.succeeded(envelope, "event-1", Success(Outcome.APPLIED, added_by_the_handler(type_)), 1, AT)
    failed = result_events.failed(result_events.name_of(envelope), "event-1", FAILURE)

    assert SECRET.encode() not in success.body + failed.body


def test_a_failure_reports_the_reason_and_where_the_dead_letter_is() -> None:
    event = read(result_events.failed(NAME, "event-1", FAILURE))

    assert event["type"] == "CommandFailed"
    assert event["correlationid"] == "order-7"
    assert event["traceparent"] == NAME.traceparent
    assert event["data"] == {
        "command_id": "evt_1",
        "command_source": "billing",
        "command_type": "CreateCustomer",
        "username": "ada@example.com",
        "generation": 0,
        "reason": "provider_rejected",
        "detail": "the provider refused: taken",
        "errors": ["taken"],
        "attempts": 3,
        "failed_at": AT,
        "dead_letter_id": "letter-1",
    }


def test_a_command_that_says_little_of_itself_is_answered_all_the_same() -> None:
    event = read(result_events.failed(CommandName("billing", "evt_1"), "event-1", FAILURE))

    assert "subject" not in event
    assert "traceparent" not in event
    assert event["correlationid"] == "evt_1"
    assert event["data"].items() >= {"command_type": None, "username": None}.items()


def test_the_detail_is_cut_at_500_characters() -> None:
    event = result_events.failed(NAME, "event-1", replace(FAILURE, detail="é" * 501))

    assert read(event)["data"]["detail"] == "é" * 500


def test_the_message_mirrors_the_envelope() -> None:
    message = result_events.outgoing(result_events.failed(NAME, "event-1", FAILURE))
    properties = message.properties

    assert (message.destination, message.routing_key) == (Destination.EVENTS, "CommandFailed.billing")
    assert (properties.message_id, properties.type) == ("event-1", "CommandFailed")
    assert (properties.correlation_id, properties.app_id) == ("order-7", "provisioning-worker")
    assert (properties.timestamp, properties.delivery_mode) == (1_795_253_400, 2)
    assert properties.content_type == "application/cloudevents+json"


def test_a_repeat_is_made_of_the_stored_bytes_alone() -> None:
    event = result_events.failed(NAME, "event-1", FAILURE)
    kept = StoredEvent(event.id, event.type, bytes(event.body))

    assert result_events.outgoing(kept) == result_events.outgoing(event)
    assert result_events.outgoing(kept).body == event.body


@pytest.mark.parametrize(
    ("source", "slug"),
    [("billing", "billing"), ("Billing.EU #2", "billing-eu--2"), ("büro", "b-ro"), ("urn:shop/7", "urn-shop-7")],
)
def test_a_source_is_written_as_one_word_of_a_routing_key(source: str, slug: str) -> None:
    assert source_slug(source) == slug
    assert routing_key("CustomerCreated", source) == f"CustomerCreated.{slug}"


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=300))
def test_a_routing_key_always_has_two_words_and_fits(source: str) -> None:
    key = routing_key("CustomerCreated", source)

    assert key.count(".") == 1
    assert not set("#* ") & set(key)
    assert len(key.encode()) <= 255


def test_a_long_source_is_cut_at_255_bytes() -> None:
    assert routing_key("CommandFailed", "a" * 255) == "CommandFailed." + "a" * 241


def test_times_are_utc_with_milliseconds() -> None:
    assert rfc3339(1_795_253_400.125) == AT
    assert rfc3339(1_795_253_400) == "2026-11-21T09:30:00.000Z"


def test_what_the_worker_made_itself_is_not_validated_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[object] = []
    monkeypatch.setattr(ResultEvent, "model_validate", validated.append)

    result_events.failed(CommandName("billing", "evt_1", type="DisableCustomer"), "event-1", FAILURE)

    assert validated == []
