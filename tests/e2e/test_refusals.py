"""Messages that are no commands: each is put aside with its reason, and stands in nobody's way."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.billing import ReceivedMessage
from tests.support.commands import Command, Message, bare, binary, create, disable, new_username, structured
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

ODD_HEADERS: dict[str, Any] = {
    "yes": True,
    "nothing": None,
    "bytes": b"\xff\x00",
    "money": Decimal("1.75"),
    "when": datetime(2026, 11, 21, tzinfo=UTC),
    "table": {"list": [1, {"deep": [b"\xfe"]}]},
    "large": 2**40,
    "x-death": [{"queue": "other", "reason": "rejected", "count": 3}],
    "CC": ["elsewhere"],
}


class RepeatedHeader(dict[str, Any]):
    """A table that names its one header a thousand times, which no dictionary can and every sender may."""

    def items(self) -> Any:  # noqa: ANN401 - a dictionary's view has each name once
        return [("again", number) for number in range(1_000)]


REPEATED_HEADER = RepeatedHeader(again=0)
MANY_HEADERS = {f"header-{number:03}": "v" * 1_000 for number in range(125)}


@dataclass(frozen=True, slots=True)
class Refused:
    """A message, and how it must end. `named`: it says who it is, so it is answered too."""

    message: Message
    reason: str
    named: bool


def attributes(body: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(body), **changes}).encode()


def broken(body: bytes, **properties: object) -> Message:
    return Message(body, {"content_type": "application/cloudevents+json", **properties})


def answers_to(installation: Installation, dead_letter: ReceivedMessage) -> list[ReceivedMessage]:
    installation.listener.listen()
    return [
        received
        for received in installation.listener.events
        if received.data.get("dead_letter_id") == dead_letter.worker_headers["dead-letter-id"]
    ]


NAMED = {"message_id": "evt_named", "app_id": "billing", "type": "CreateCustomer"}


def unreadable() -> dict[str, Refused]:
    whole, named = structured(create("refused@example.com")).body, NAMED
    return {
        "not UTF-8": Refused(broken(b'{"id": "\xff\xfe"}'), "undecodable", named=False),
        "not UTF-8, but named": Refused(broken(b'{"id": "\xff"}', **named), "undecodable", named=True),
        "not JSON": Refused(broken(b"<command/>"), "undecodable", named=False),
        "empty": Refused(broken(b"", **named), "undecodable", named=True),
        "half of it": Refused(broken(whole[: len(whole) // 2], **named), "undecodable", named=True),
        "no object": Refused(broken(b'["CreateCustomer"]'), "undecodable", named=False),
        "nested a thousand deep": Refused(broken(b'{"id":' * 1_000 + b"1" + b"}" * 1_000), "undecodable", named=False),
        "300 KiB": Refused(broken(attributes(whole, padding="x" * 300 * 1024), **named), "undecodable", named=True),
        "odd headers": Refused(broken(b"oddly", headers=ODD_HEADERS), "undecodable", named=False),
        "a header a thousand times": Refused(broken(b"again", headers=REPEATED_HEADER), "undecodable", named=False),
        "125 kB of headers": Refused(broken(b"at length", headers=MANY_HEADERS), "undecodable", named=False),
    }


def unfit() -> dict[str, Refused]:
    command = create("refused@example.com")
    whole, named = structured(command).body, NAMED
    return {
        "no id": Refused(broken(attributes(whole, id=None)), "invalid", named=False),
        "id of 300 characters": Refused(broken(attributes(whole, id="i" * 300)), "invalid", named=False),
        "id with a NUL": Refused(broken(attributes(whole, id="evt\0")), "invalid", named=False),
        "id of a number": Refused(broken(attributes(whole, id=7)), "invalid", named=False),
        "id in a header of a number": Refused(
            Message(b"{}", {"headers": {**binary(command).properties["headers"], "ce-id": 7}}), "invalid", named=False
        ),
        "two ids": Refused(broken(whole[:-1] + b', "id": "evt_other"}'), "invalid", named=False),
        "two ids, but named": Refused(broken(whole[:-1] + b', "id": "evt_third"}', **named), "invalid", named=True),
        "two customers": Refused(
            broken(attributes(whole, id="evt_two").replace(b'"username"', b'"username": "b", "username"')),
            "invalid",
            named=True,
        ),
        "binary and structured, not alike": Refused(
            broken(
                attributes(whole, id="evt_both"),
                headers={"ce-id": "evt_other", "ce-source": "billing", "ce-type": "CreateCustomer"},
            ),
            "invalid",
            named=True,
        ),
        "no type": Refused(broken(attributes(whole, id="evt_no_type", type=None)), "invalid", named=True),
        "an unknown type": Refused(broken(attributes(whole, id="evt_type", type="BuyCow")), "unknown_type", named=True),
        "an unknown field": Refused(structured(create("refused@example.com", colour="red")), "invalid", named=True),
        "a username of 65": Refused(structured(disable("u" * 65)), "invalid", named=True),
        "another version": Refused(broken(attributes(whole, id="evt_2", specversion="2.0")), "invalid", named=True),
        "data that is no object": Refused(broken(attributes(whole, id="evt_data", data="x")), "invalid", named=True),
    }


CASES = {**unreadable(), **unfit()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_message_that_is_no_command_is_put_aside_and_answered_when_it_is_named(
    installation: Installation, case: Refused
) -> None:
    after = create(new_username())
    installation.emitter.publish(case.message, after)
    dead_letter = installation.listener.await_dead_letter(case.message)
    assert (dead_letter.routing_key, dead_letter.worker_headers["reason"]) == (case.reason, case.reason)
    assert dead_letter.worker_headers["detail"]
    installation.listener.await_event(after)
    if case.named:
        wait_for(lambda: answers_to(installation, dead_letter), "its CommandFailed")
    assert len(answers_to(installation, dead_letter)) == int(case.named)


def gateways(command: Command) -> Message:
    """The binary form, under the content type of the structured one and in the spelling of HTTP."""
    message = binary(command)
    headers = {name.title(): value for name, value in message.properties["headers"].items()}
    return broken(message.body, headers=headers)


def librarys(command: Command) -> Message:
    """The structured form, as a library writes data that it was given as bytes, and milliseconds."""
    encoded = b64encode(json.dumps(command.data).encode()).decode()
    return broken(attributes(structured(command).body, data=None, data_base64=encoded, time=1_795_253_400_000))


@pytest.mark.parametrize("form", [gateways, librarys])
def test_a_command_as_gateways_and_libraries_write_it_is_a_command(
    installation: Installation, form: Callable[[Command], Message]
) -> None:
    command = create(new_username())
    installation.emitter.publish(form(command))
    assert installation.listener.await_event(command).properties.type == "CustomerCreated"


@pytest.mark.parametrize("headers", [ODD_HEADERS, MANY_HEADERS], ids=["odd", "125 kB"])
def test_a_command_with_strange_headers_is_a_command(installation: Installation, headers: dict[str, Any]) -> None:
    command = create(new_username())
    message = structured(command)
    installation.emitter.publish(replace(message, properties={**message.properties, "headers": headers}))
    assert installation.listener.await_event(command).properties.type == "CustomerCreated"


def test_a_failed_command_names_the_fields_and_rules_it_broke(installation: Installation) -> None:
    command = create(new_username(), city=None, colour="red", email="no address", password="short")
    installation.emitter.publish(command)
    data = installation.listener.await_event(command).data
    assert set(data["detail"].split("; ")) == {
        "city: is required",
        "colour: is not a field of this command",
        "email: must have the form of an email address",
        "password: must have at least 6 characters",
    }
    assert (data["reason"], data["attempts"], data["errors"]) == ("invalid", 0, [])


def test_a_dead_letter_has_the_original_body_properties_and_plain_headers(installation: Installation) -> None:
    kept = {"text": "as it was", "number": 7}
    properties = {"content_type": "text/plain", "correlation_id": "order-9", "reply_to": "back", "priority": 3}
    message = Message(b"\x00\xff not JSON", {**properties, "headers": {**ODD_HEADERS, **kept}})
    installation.emitter.publish(message)
    dead_letter = installation.listener.await_dead_letter(message)
    assert {name: getattr(dead_letter.properties, name) for name in properties} == properties
    assert dead_letter.properties.delivery_mode == 2
    assert {name: dead_letter.headers[name] for name in kept} == kept
    assert "x-death" not in dead_letter.headers
    assert "CC" not in dead_letter.headers
    assert all(isinstance(value, str | int) for value in dead_letter.headers.values())


def test_long_headers_of_a_dead_letter_are_cut_and_the_cut_is_noted(installation: Installation) -> None:
    message = Message(b"a long story", {"headers": MANY_HEADERS})
    installation.emitter.publish(message)
    dead_letter = installation.listener.await_dead_letter(message)
    assert sum(len(name) + len(str(value)) for name, value in dead_letter.headers.items()) < 40 * 1024
    assert "left out" in dead_letter.worker_headers["note"]


def test_an_expiry_does_not_delete_the_dead_letter(installation: Installation) -> None:
    message = Message(b"soon over", {"expiration": "60000"})
    installation.emitter.publish(message)
    assert installation.listener.await_dead_letter(message).properties.expiration is None


def test_a_refusal_pauses_nothing(installation: Installation, worker: WorkerProcess) -> None:
    command = Command("BuyCow", {"username": "x"})
    installation.emitter.publish(bare(command))
    installation.listener.await_event(command)
    assert worker.ask("/livez").status == 200
    assert worker.ask("/readyz").document["paused"] == {}
