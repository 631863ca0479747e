"""The AsyncAPI document: what the specification's own schema asks, and what a billing system must be able to read."""

import copy
import json
from collections.abc import Iterator
from functools import cache, reduce
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from messages.catalog import CATALOG
from messages.contract import documents
from messages.envelope import decode
from messages.events import EVENTS
from messages.forms import WireMessage
from tests.support.published import DOCUMENTS

OFFICIAL = Path(__file__).parents[3] / "support" / "asyncapi" / "asyncapi-3.0.0.json"
DOCUMENT: dict[str, Any] = dict(DOCUMENTS["asyncapi.json"])
#: Enough to spoil; the whole takes the official schema a while.
ONE_COMMAND = {
    **DOCUMENT,
    "channels": {name: {**channel, "messages": {}} for name, channel in DOCUMENT["channels"].items()},
    "operations": {"sendCreateCustomer": DOCUMENT["operations"]["sendCreateCustomer"]},
    "components": {
        "messages": {"CreateCustomer": DOCUMENT["components"]["messages"]["CreateCustomer"]},
        "schemas": {"CreateCustomerData": DOCUMENT["components"]["schemas"]["CreateCustomerData"]},
    },
}


@cache
def official() -> Any:  # noqa: ANN401 - a validator, of a library without types
    return jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def references(part: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Every reference within the document."""
    if isinstance(part, dict) and isinstance(part.get("$ref"), str):
        yield part["$ref"]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def at(reference: str) -> Any:  # noqa: ANN401 - any JSON
    """What a reference points at."""
    steps = reference.removeprefix("#/").split("/")
    return reduce(lambda part, step: part[step], steps, DOCUMENT)


def resolved(reference: str) -> Any:  # noqa: ANN401 - any JSON
    """What a reference points at in the end."""
    found = at(reference)
    return resolved(found["$ref"]) if "$ref" in found else found


def validator(schema: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    """Judge by a schema of the document, whose references are the document's."""
    return jsonschema.Draft7Validator({**schema, "components": DOCUMENT["components"]})


def test_the_document_is_valid_by_the_official_schema() -> None:
    assert [error.message[:300] for error in official().iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("asyncapi",), "2.6.0"),
        (("info", "version"), None),
        (("channels", "commands", "bindings", "amqp", "is"), "exchange"),
        (("operations", "sendCreateCustomer", "action"), "publish"),
        (("operations", "sendCreateCustomer", "bindings", "amqp", "deliveryMode"), 3),
        (("components", "messages", "CreateCustomer", "correlationId", "location"), "correlationid"),
        (("components", "messages", "CreateCustomer", "unknown"), 1),
        (("components", "schemas", "CreateCustomerData", "type"), "text"),
    ],
)
def test_the_official_schema_would_find_a_mistake(place: tuple[str, ...], value: object) -> None:
    spoiled = copy.deepcopy(ONE_COMMAND)
    reduce(lambda part, step: part[step], place[:-1], spoiled)[place[-1]] = value

    assert not official().is_valid(spoiled)


def test_what_is_spoilt_was_valid_before() -> None:
    assert official().is_valid(ONE_COMMAND)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        assert resolved(reference)


def test_an_emitter_reads_where_to_publish_and_how() -> None:
    commands, events = DOCUMENT["channels"]["commands"], DOCUMENT["channels"]["events"]

    for channel, name in ((commands, "provisioning.commands"), (events, "provisioning.events")):
        assert channel["bindings"]["amqp"]["exchange"] == {
            "name": name,
            "type": "topic",
            "durable": True,
            "autoDelete": False,
        }
    assert commands["address"] == "{commandType}"
    assert events["address"] == "{eventType}.{source}"
    assert DOCUMENT["operations"]["hearResults"]["x-amqp-binding-key"] == "*.{source}"


def test_the_exchanges_have_the_prefix_of_the_installation() -> None:
    channels = documents("elsewhere")["asyncapi.json"]["channels"]

    names = {key: channel["bindings"]["amqp"]["exchange"]["name"] for key, channel in channels.items()}
    assert names == {"commands": "elsewhere.commands", "events": "elsewhere.events"}


@pytest.mark.parametrize("type_", CATALOG)
def test_every_command_is_sent_persistent_and_mandatory_in_one_of_three_forms(type_: str) -> None:
    operation = DOCUMENT["operations"][f"send{type_}"]

    assert operation["action"] == "send"
    assert operation["bindings"]["amqp"].items() >= {"deliveryMode": 2, "mandatory": True}.items()
    names = [resolved(each["$ref"])["title"] for each in operation["messages"]]
    assert names == [f"{type_}, structured", f"{type_}, binary", f"{type_}, bare"]
    answers = [resolved(each["$ref"])["name"] for each in operation["reply"]["messages"]]
    assert answers[1:] == ["CommandFailed"]


def test_every_event_is_received() -> None:
    operation = DOCUMENT["operations"]["hearResults"]

    assert operation["action"] == "receive"
    assert {resolved(each["$ref"])["name"] for each in operation["messages"]} == set(EVENTS)


def test_the_examples_of_every_message_are_valid_by_its_own_schemas() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        for example in message["examples"]:
            validator(message["payload"]).validate(example["payload"])
            validator(message.get("headers", {})).validate(example.get("headers", {}))
        assert message["x-amqp-properties"]["properties"]["delivery_mode"]["const"] == 2
        assert message["bindings"]["amqp"]["messageType"] == message["name"]


@pytest.mark.parametrize("type_", CATALOG)
def test_the_worker_reads_what_the_examples_of_a_command_say(type_: str) -> None:
    for each in DOCUMENT["operations"][f"send{type_}"]["messages"]:
        message = resolved(each["$ref"])
        stated = message["x-amqp-properties"]
        fixed: dict[str, Any] = {name: each["const"] for name, each in stated["properties"].items() if "const" in each}
        free: dict[str, Any] = {name: "evt_1" for name in stated["required"] if name not in fixed}
        del fixed["delivery_mode"]

        for example in message["examples"]:
            body = json.dumps(example["payload"]).encode()
            assert decode(WireMessage(body, headers=example.get("headers", {}), **fixed, **free)).type == type_
