"""The schemas as such: whole, valid by their own rules, and the same text every time."""

from collections.abc import Iterator

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from messages.catalog import CATALOG
from messages.contract import documents, text_of
from messages.contract.models import Document
from messages.events import EVENTS
from tests.support.published import DOCUMENTS

SCHEMAS = {name: document for name, document in DOCUMENTS.items() if name != "asyncapi.json"}
ENVELOPES = {name: schema for name, schema in SCHEMAS.items() if not name.endswith(".data.json")}


def parts(schema: object) -> Iterator[Document]:
    """Every object within a document, the document itself first."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(inner)


def test_there_is_a_schema_for_everything_that_travels() -> None:
    assert set(SCHEMAS) == {
        *(f"commands/{type_}.json" for type_ in CATALOG),
        *(f"commands/{type_}.data.json" for type_ in CATALOG),
        *(f"events/{type_}.json" for type_ in EVENTS),
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_so_are_its_examples(name: str) -> None:
    schema = SCHEMAS[name]

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["examples"]
    for example in schema["examples"]:
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(example)


def test_every_schema_has_an_address_of_its_own() -> None:
    assert len({schema["$id"] for schema in SCHEMAS.values()}) == len(SCHEMAS)


def test_an_envelope_names_its_type_and_its_version() -> None:
    for name, schema in ENVELOPES.items():
        assert {"type", "specversion", "id", "source", "data"} <= set(schema["required"])
        assert schema["properties"]["type"]["const"] == name.partition("/")[2].removesuffix(".json")
        assert schema["properties"]["specversion"]["const"] == "1.0"


@pytest.mark.parametrize("type_", CATALOG)
def test_a_command_takes_no_field_it_does_not_know(type_: str) -> None:
    data = SCHEMAS[f"commands/{type_}.data.json"]

    assert data["additionalProperties"] is False
    assert set(data["properties"]) == set(CATALOG[type_].model.model_fields)
    inner = SCHEMAS[f"commands/{type_}.json"]["properties"]["data"]
    assert {key: value for key, value in data.items() if key not in {"$schema", "$id", "examples"}} == inner


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_may_grow(type_: str) -> None:
    schema = SCHEMAS[f"events/{type_}.json"]
    (example,) = schema["examples"]
    later = {**example, "later": 1, "data": {**example["data"], "later": 1}}

    jsonschema.Draft202012Validator(schema).validate(later)


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_without_what_it_always_has_is_none(type_: str) -> None:
    schema = SCHEMAS[f"events/{type_}.json"]
    (example,) = schema["examples"]
    always = set(example) - {"subject", "traceparent"}

    for name in always:
        assert not jsonschema.Draft202012Validator(schema).is_valid({**example, name: None})
    assert set(schema["required"]) == always
    assert set(schema["properties"]["data"]["required"]) == set(example["data"])


def test_secrets_are_written_only() -> None:
    named = {
        (name, field)
        for name, schema in SCHEMAS.items()
        for part in parts(schema.get("properties", {}))
        for field, stated in part.items()
        if "password" in field and isinstance(stated, dict)
    }
    marked = {
        (name, field)
        for name, schema in SCHEMAS.items()
        for part in parts(schema.get("properties", {}))
        for field, stated in part.items()
        if isinstance(stated, dict) and stated.get("writeOnly") and stated.get("format") == "password"
    }

    assert named == marked
    assert {field for _, field in marked} == {"password", "credential_password", "new_credential_password"}


def test_no_event_has_a_field_for_a_secret() -> None:
    fields = {name for type_ in EVENTS for name in SCHEMAS[f"events/{type_}.json"]["properties"]["data"]["properties"]}

    assert not {name for name in fields if "password" in name}


def test_every_description_is_made_of_sentences() -> None:
    described = {str(part["description"]) for part in parts(DOCUMENTS) if isinstance(part.get("description"), str)}

    assert {text for text in described if text != text.strip() or not text.endswith(".")} == set()


def test_a_text_ends_with_its_line() -> None:
    assert {text_of(document)[-2:] for document in DOCUMENTS.values()} == {"}\n"}


def test_no_default_is_null() -> None:
    assert [part for part in parts(DOCUMENTS) if part.get("default", ...) is None] == []


def test_the_same_contract_is_always_the_same_text() -> None:
    assert {name: text_of(each) for name, each in documents().items()} == {
        name: text_of(each) for name, each in DOCUMENTS.items()
    }


def test_the_schemas_do_not_hang_on_the_prefix() -> None:
    other = documents("elsewhere")

    assert {name for name in other if other[name] != DOCUMENTS[name]} == {"asyncapi.json"}
