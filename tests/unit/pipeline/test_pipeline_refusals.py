"""What distinguishes two refused messages: neither is answered with what was said of the other."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.support.commands import Command, Message, bare, binary, structured
from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import create, delivery, disable, fingerprint, work_of
from worker.domain.deliveries import Delivery, Destination, Properties
from worker.pipeline.reading import read
from worker.provider.calls import login_of

BODY = b'{"username": "ada@example.com"}'
PROPERTIES: dict[str, Any] = {"type": "DisableCustomer", "message_id": "evt_1", "app_id": "billing"}


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def message(body: bytes = b"{}", **properties: object) -> Delivery:
    return replace(delivery(body), properties=Properties(**{**PROPERTIES, **properties}))


def answered(rig: PipelineRig, *deliveries: Delivery) -> list[dict[str, Any]]:
    """The events that these messages end with, in their order."""
    before = len(rig.publisher.to(Destination.EVENTS))
    for each in deliveries:
        rig.run_to_the_end(read(each, fingerprint, login_of))
    return [json.loads(event.body) for event in rig.publisher.to(Destination.EVENTS)[before:]]


def dead_letters(rig: PipelineRig) -> list[str]:
    """The ids of the dead letters that were published, in their order."""
    return [
        str(dead_letter.properties.headers["provisioning-dead-letter-id"])
        for dead_letter in rig.publisher.to(Destination.DEAD_LETTERS)
    ]


def test_another_type_under_a_used_id_and_the_same_body_has_an_answer_of_its_own(rig: PipelineRig) -> None:
    rig.run_to_the_end(work_of(create()))

    one, other = answered(
        rig,
        message(BODY, correlation_id="order_1"),
        message(BODY, type="DeleteCustomer", correlation_id="order_2"),
    )

    assert [each["data"]["reason"] for each in (one, other)] == ["id_conflict"] * 2
    assert [each["data"]["command_type"] for each in (one, other)] == ["DisableCustomer", "DeleteCustomer"]
    assert [each["correlationid"] for each in (one, other)] == ["order_1", "order_2"]
    assert one["id"] != other["id"]
    assert len(set(dead_letters(rig))) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"type": "DeleteCustomer"},
        {"type": "Unheard"},
        {"correlation_id": "order_2"},
        {"headers": {"subject": "cus_2"}},
        {"headers": {"Subject": "cus_2"}},
        {"app_id": "shop"},
        {"message_id": "evt_2"},
        {"content_type": "application/cloudevents+json"},
        {"headers": {"ce-id": "evt_1"}},
        {"headers": {"ce-subject": "cus_2"}},
    ],
)
def test_whatever_a_message_says_beside_its_body_distinguishes_it(rig: PipelineRig, other: dict[str, Any]) -> None:
    answered(rig, message(), message(**other))

    assert len(set(dead_letters(rig))) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"ce-id": "1", "cloudEvents:id": "2"}, {"ce-id": "1", "cloudEvents:id": "3"}),
        ({"ce-id": "1", "cloudEvents:id": "2"}, {"ce-id": "2", "cloudEvents:id": "1"}),
        ({"ce-id": ["1", "2"]}, {"ce-id": ["1", "3"]}),
        ({"ce-subject": "a", "CE-Subject": "b"}, {"ce-subject": "a", "CE-Subject": "c"}),
        ({"subject": ["a", "b"]}, {"subject": ["a", "c"]}),
        ({"Subject": "a", "SUBJECT": "b"}, {"Subject": "a", "SUBJECT": "c"}),
        ({"ce-id": "5"}, {"ce-id": 5}),
    ],
)
def test_headers_that_contradict_each_other_are_distinguished_by_all_they_say(
    rig: PipelineRig, one: dict[str, object], other: dict[str, object]
) -> None:
    answered(rig, message(b"{", headers=one), message(b"{", headers=other))

    assert len(set(dead_letters(rig))) == 2


def test_the_order_of_headers_makes_no_other_message(rig: PipelineRig) -> None:
    headers = {"ce-id": "1", "cloudEvents:id": "2", "subject": "cus_42"}

    answered(rig, message(headers=headers), message(headers=dict(reversed(headers.items()))))

    assert len(set(dead_letters(rig))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"app_id": "billing", "message_id": None}, {"app_id": "shop", "message_id": None}),
        ({"app_id": None, "message_id": "evt_1"}, {"app_id": None, "message_id": "evt_2"}),
    ],
)
def test_messages_without_a_name_are_distinguished_by_what_they_have_of_it(
    rig: PipelineRig, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert answered(rig, message(**one), message(**other)) == []
    assert len(set(dead_letters(rig))) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"timestamp": 1_795_253_400},
        {"headers": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
        {"headers": {"x-delivery-count": 3}},
        {"priority": 3, "user_id": "billing"},
    ],
)
def test_what_libraries_and_the_broker_add_makes_no_other_message(rig: PipelineRig, other: dict[str, Any]) -> None:
    one, again = answered(rig, message(), message(**other))

    assert one == again
    assert len(set(dead_letters(rig))) == 1


@pytest.mark.parametrize("form", [bare, binary, structured])
def test_a_message_that_comes_again_after_a_restart_has_the_same_answer(
    rig: PipelineRig, form: Callable[[Command], Message]
) -> None:
    written = form(replace(disable(), data={"username": "x"}))
    came = replace(delivery(written.body), properties=Properties(**written.properties))
    (one,) = answered(rig, came)

    rig.restart()
    rig.storage.refusals.clear()
    (again,) = answered(rig, replace(came, redelivered=True))

    assert again["id"] == one["id"]
    assert len(set(dead_letters(rig))) == 1


def test_a_message_that_comes_again_after_a_new_secret_key_is_answered_with_the_same_bytes(rig: PipelineRig) -> None:
    (one,) = answered(rig, message())

    rig.restart()
    rig.marks = lambda content: (sha256(b"new" + content).digest(), sha256(content).digest())
    (again,) = answered(rig, message())

    assert again == one
    assert len(set(dead_letters(rig))) == 1


def test_the_ids_of_a_refusal_reveal_nothing_of_its_body_without_the_key(rig: PipelineRig) -> None:
    (one,) = answered(rig, message())

    rig.storage.refusals.clear()
    rig.marks = lambda content: (sha256(b"another key" + content).digest(),)
    (other,) = answered(rig, message())

    assert one["id"] != other["id"]
    assert len(set(dead_letters(rig))) == 2
