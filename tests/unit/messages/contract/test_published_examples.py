"""The examples of every published file, as a newcomer tries them: sent one after another, none is taken for another."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from messages.catalog import CATALOG
from messages.envelope import decode
from messages.forms import WireMessage
from tests.support.published import DOCUMENTS
from worker.handlers.retrieval import LISTED_FIELDS

ASYNCAPI: dict[str, Any] = dict(DOCUMENTS["asyncapi.json"])
MESSAGES: dict[str, dict[str, Any]] = ASYNCAPI["components"]["messages"]
EXAMPLES = Path(__file__).parents[4] / "examples"
#: Of the demonstration, which a newcomer has run before.
DEMO = re.compile(r"evt_10[0-9]{2}")


def in_files() -> list[dict[str, Any]]:
    """The whole commands of the schemas' files."""
    names = [f"commands/{type_}.json" for type_ in CATALOG]
    return [example for name in names for example in DOCUMENTS[name]["examples"]]


def ids_in_asyncapi() -> Iterator[str]:
    """The id of every command of the AsyncAPI document, in all three forms."""
    for type_ in CATALOG:
        yield from (example["payload"]["id"] for example in MESSAGES[type_]["examples"])
        yield from (example["headers"]["ce-id"] for example in MESSAGES[f"{type_}Binary"]["examples"])
        yield from (each["message_id"] for each in MESSAGES[f"{type_}Bare"]["x-amqp-properties"]["examples"])


def events() -> list[dict[str, Any]]:
    """Every event of the schemas' files."""
    return [DOCUMENTS[name]["examples"][0] for name in DOCUMENTS if name.startswith("events/")]


def repeated(ids: list[str]) -> list[str]:
    """Those that there are more than once."""
    return [name for name, count in Counter(ids).items() if count > 1]


def test_every_example_of_a_command_has_an_id_of_its_own() -> None:
    others = [command["id"] for path in EXAMPLES.glob("*.json") for command in json.loads(path.read_text("utf-8"))]

    ids = [*ids_in_asyncapi(), *others]
    assert repeated(ids) == []
    assert [id_ for id_ in ids if DEMO.fullmatch(id_)] == []


def test_an_example_that_two_files_show_is_the_same_command() -> None:
    shown = [example["payload"] for type_ in CATALOG for example in MESSAGES[type_]["examples"]]

    assert in_files() == shown
    assert repeated([command["id"] for command in in_files()]) == []


def test_every_example_of_an_event_has_an_id_of_its_own_and_answers_another_command() -> None:
    published = events()

    assert repeated([event["id"] for event in published]) == []
    assert repeated([event["causationid"] for event in published]) == []
    assert [event["data"]["command_id"] for event in published] == [event["causationid"] for event in published]
    dead_letters = [event["data"]["dead_letter_id"] for event in published if "dead_letter_id" in event["data"]]
    assert repeated([*dead_letters, *(event["id"] for event in published)]) == []


@pytest.mark.parametrize("type_", CATALOG)
def test_a_bare_example_says_in_its_properties_what_it_is(type_: str) -> None:
    message = MESSAGES[f"{type_}Bare"]
    stated = message["x-amqp-properties"]
    assert len(stated["examples"]) == len(message["examples"])

    for properties, example in zip(stated["examples"], message["examples"], strict=True):
        jsonschema.Draft7Validator({**stated, "components": ASYNCAPI["components"]}).validate(properties)
        sent = {name: value for name, value in properties.items() if name != "delivery_mode"}
        body = json.dumps(example["payload"]).encode()
        envelope = decode(WireMessage(body, headers=example["headers"], **sent))
        assert (envelope.type, envelope.id, envelope.source) == (type_, properties["message_id"], "billing")
        assert all(word in example["summary"] for word in ("`type`", "`message_id`", "`app_id`"))


def test_the_examples_name_nobody() -> None:
    everything = json.dumps(DOCUMENTS)

    assert [word for word in ("Lovelace", "St James", "Analytical", "Ockham", "Byron") if word in everything] == []
    assert "Ada" in everything
    assert "1 Any Street" in everything


def test_the_asyncapi_document_says_on_whose_side_it_stands() -> None:
    info = ASYNCAPI["info"]

    assert info["title"] == "Provisioning worker, as a billing system talks to it"
    assert info["description"].startswith("This document stands on the billing system's side: it sends the commands")


def test_the_fields_of_a_listed_customer_are_reported() -> None:
    rows = DOCUMENTS["events/CustomersRetrieved.json"]["properties"]["data"]["properties"]["customers"]
    fields = rows["items"]["properties"]

    assert {name: field["type"] for name, field in fields.items()} == dict.fromkeys(fields, "string")
    assert set(fields) == set(LISTED_FIELDS)
    assert all("`true` or `false`, as text" in fields[name]["description"] for name in ("active", "website_access"))
    assert rows["items"]["additionalProperties"] == {"type": "string"}
    assert "company" not in fields
    assert "`company` is never listed" in rows["description"]
    for name in ("id", "address2", "website_access"):
        assert fields[name]["description"].endswith("only when the provider gives it.")


def test_no_description_promises_a_tool_that_there_is_not() -> None:
    assert "replay" not in json.dumps(DOCUMENTS).lower()
