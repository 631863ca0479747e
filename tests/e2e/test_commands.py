"""Each command goes through the broker, the worker and the provider, and comes back as one event."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.support.commands import Command, Message, bare, binary, create, disable, new_username, rotate, structured
from tests.support.installation import Installation

FORMS = pytest.mark.parametrize("form", [structured, binary, bare])
Form = Callable[[Command], Message]


@FORMS
def test_a_create_makes_the_customer_as_it_was_asked_for(installation: Installation, form: Form) -> None:
    command = create(new_username(), subject="cus_1")
    installation.emitter.publish(form(command))
    assert installation.listener.await_event(command).properties.type == "CustomerCreated"
    made = installation.sandbox.state(command.username).customers[command.username]
    sent = {name: value for name, value in command.data.items() if name != "password"}
    assert {name: getattr(made, name) for name in sent} == sent
    assert made.password_digest == installation.sandbox.digest(command.data["password"])


@FORMS
def test_a_disable_stops_the_customer_from_sending_alone(installation: Installation, form: Form) -> None:
    made = create(new_username())
    command = disable(made.username, subject="cus_2")
    installation.emitter.publish(made, form(command))
    assert installation.listener.await_event(command).properties.type == "CustomerDisabled"
    customer = installation.sandbox.state(made.username).customers[made.username]
    assert (customer.active, customer.website_access) == (False, True)


@FORMS
def test_a_rotation_sets_the_password_that_was_sent(installation: Installation, form: Form) -> None:
    command = rotate("a@x.com", "cred1", f"rotated by {form.__name__}")
    installation.emitter.publish(form(command))
    assert installation.listener.await_event(command).properties.type == "CredentialRotated"
    credentials = installation.sandbox.state("a@x.com").customers["a@x.com"].credentials
    assert credentials == {"cred1": installation.sandbox.digest(command.data["new_credential_password"])}


def test_a_success_event_says_what_was_done_to_whom(installation: Installation) -> None:
    command = rotate("a@x.com", "cred1", "a new password", subject="cus_3")
    installation.emitter.publish(command)
    event = installation.listener.await_event(command).event
    data = event.pop("data")
    assert event.pop("id")
    assert event.pop("time") == data.pop("completed_at")
    assert event == {
        "specversion": "1.0",
        "type": "CredentialRotated",
        "source": "provisioning-worker",
        "subject": "cus_3",
        "datacontenttype": "application/json",
        "correlationid": command.id,
        "causationid": command.id,
    }
    assert data == {
        "command_id": command.id,
        "command_source": "billing",
        "command_type": "RotateCredential",
        "username": "a@x.com",
        "generation": 0,
        "outcome": "applied",
        "attempts": 1,
        "credential_name": "cred1",
    }


@FORMS
def test_what_an_event_is_joined_by_is_carried_over(installation: Installation, form: Form) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    command = create(new_username(), subject="cus_4", extra={"correlationid": "order-7", "traceparent": trace})
    installation.emitter.publish(form(command))
    event = installation.listener.await_event(command).event
    joined = {name: event[name] for name in ("subject", "correlationid", "causationid", "traceparent")}
    assert joined == {
        "subject": "cus_4",
        "correlationid": "order-7",
        "causationid": command.id,
        "traceparent": trace,
    }


def test_an_events_amqp_properties_mirror_its_envelope(installation: Installation) -> None:
    command = create(new_username(), source="Billing.EU/1")
    installation.emitter.publish(command)
    received = installation.listener.await_event(command)
    properties = received.properties
    assert received.routing_key == "CustomerCreated.billing-eu-1"
    assert (properties.message_id, properties.type) == (received.event["id"], "CustomerCreated")
    assert UUID(properties.message_id).version == 5
    assert (properties.correlation_id, properties.app_id) == (command.id, "provisioning-worker")
    assert (properties.delivery_mode, properties.content_type) == (2, "application/cloudevents+json")
    assert properties.timestamp > 0


def test_a_customers_commands_run_in_their_order_whichever_name_they_use(installation: Installation) -> None:
    first = create(new_username(), subject="cus_order")
    second = create(new_username(), subject="cus_order")
    third = disable(second.username.upper().replace("EXAMPLE.COM", "example.com"))
    installation.sandbox.set_latency(0.05)
    installation.emitter.publish(first, second, third)
    installation.listener.await_events([first, second, third])
    installation.sandbox.set_latency(0)
    names = {command.username.lower() for command in (first, second, third)}
    calls = [entry for entry in installation.sandbox.journal() if entry.username.lower() in names]
    assert [entry.username for entry in calls] == [first.username, second.username, third.username]


def test_what_the_provider_refuses_ends_as_a_failure_with_its_words(installation: Installation) -> None:
    command = create(new_username(), package="Platinum", subject="cus_5")
    installation.emitter.publish(command)
    received = installation.listener.await_event(command)
    data = received.data
    assert (received.properties.type, received.routing_key) == ("CommandFailed", "CommandFailed.billing")
    assert data.pop("failed_at") == received.event["time"]
    assert data.pop("dead_letter_id")
    assert data == {
        "command_id": command.id,
        "command_source": "billing",
        "command_type": "CreateCustomer",
        "username": command.username,
        "generation": 0,
        "reason": "provider_rejected",
        "detail": "the provider refused: package does not exist",
        "errors": ["package does not exist"],
        "attempts": 1,
    }


def test_its_dead_letter_carries_what_a_person_needs(installation: Installation) -> None:
    command = create(new_username(), package="Platinum", subject="cus_6")
    installation.emitter.publish(command)
    answered = installation.listener.await_event(command).data
    dead_letter = installation.listener.await_dead_letter(command)
    assert dead_letter.routing_key == "provider_rejected"
    assert dead_letter.properties.message_id == command.id
    headers = dead_letter.worker_headers
    assert headers.pop("worker-version")
    assert headers.pop("first-failed-at") <= headers.pop("failed-at") == answered["failed_at"]
    assert headers == {
        "dead-letter-id": answered["dead_letter_id"],
        "reason": "provider_rejected",
        "detail": answered["detail"],
        "error": "package does not exist",
        "command-id": command.id,
        "command-source": "billing",
        "command-type": "CreateCustomer",
        "subject": "cus_6",
        "generation": 0,
        "attempts": 1,
        "exchange": installation.topology.commands,
        "routing-key": "any.key",
    }
