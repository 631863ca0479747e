"""The page for emitters, where it says in what the schemas and the worker differ, and how a row of a list looks."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from messages.forms import WireMessage
from tests.support.published import DOCUMENTS
from tests.unit.messages.wire import faults
from worker.handlers.retrieval import LISTED_FIELDS

TEXT = (Path(__file__).parents[4] / "docs" / "emitters.md").read_text(encoding="utf-8")
PAGE = " ".join(TEXT.split())
#: What only one of the two takes, with the words that name it on the page.
WORKER_IS_STRONGER = [
    ({"data": {"limit": 100.0}}, '`"limit": 100.0`'),
    ({"id": "ä" * 128}, "bytes of UTF-8"),
    ({"subject": "\ud800"}, "half of a surrogate pair"),
]
#: A key that is there twice is lost before a schema sees it.
TWICE = b'{"specversion": "1.0", "type": "RetrieveCustomers", "source": "billing", "id": "e", "id": "e", "data": {}}'
SCHEMA_IS_STRONGER = [
    ({"time": "2026-11-21 09:30:00Z"}, "any `time` at all"),
    ({"time": 1_795_253_400}, "any `time` at all"),
    ({"time": "noon"}, "any `time` at all"),
    ({"data": None, "data_base64": "e30="}, "`data_base64` in place of `data`"),
    ({"traceparent": 7}, "a `traceparent` or a `datacontenttype` that is no text"),
    ({"datacontenttype": 7}, "a `traceparent` or a `datacontenttype` that is no text"),
]


def verdicts(change: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the schema takes it, and whether the worker does."""
    command = {"specversion": "1.0", "type": "RetrieveCustomers", "source": "billing", "id": "e", "data": {}, **change}
    found = faults(WireMessage(json.dumps(command).encode(), content_type="application/cloudevents+json"))
    return jsonschema.Draft202012Validator(DOCUMENTS["commands/RetrieveCustomers.json"]).is_valid(command), found == ()


@pytest.mark.parametrize(("change", "words"), WORKER_IS_STRONGER)
def test_what_the_worker_alone_refuses_is_named(change: dict[str, Any], words: str) -> None:
    assert verdicts(change) == (True, False)
    assert words in PAGE


def test_a_key_that_is_there_twice_is_named() -> None:
    assert jsonschema.Draft202012Validator(DOCUMENTS["commands/RetrieveCustomers.json"]).is_valid(json.loads(TWICE))
    assert faults(WireMessage(TWICE))[0].startswith("id: is there more than once")
    assert "a key that is there twice" in PAGE


@pytest.mark.parametrize(("change", "words"), SCHEMA_IS_STRONGER)
def test_what_the_schema_alone_refuses_is_named(change: dict[str, Any], words: str) -> None:
    assert verdicts(change) == (False, True)
    assert words in PAGE


def test_the_page_names_every_attribute() -> None:
    shown = DOCUMENTS["commands/CreateCustomer.json"]["properties"]
    found = " ".join(line.split("|")[1] for line in TEXT.splitlines() if line.startswith("|"))

    assert {
        name for name in shown if name not in {"data", "data_base64", "datacontenttype"} and f"`{name}`" not in found
    } == set()


def test_the_page_reports_the_fields_of_a_listed_customer() -> None:
    _, _, found = PAGE.partition("A row of `CustomersRetrieved`")
    found = found.partition("## ")[0]

    assert {name for name in LISTED_FIELDS if f"`{name}`" not in found} == set()
    assert '`"true"` or `"false"` as text' in found
    assert "`company` is never listed" in found
    assert "`active` is a boolean" in PAGE


def test_the_page_promises_no_tool_that_there_is_not() -> None:
    assert "replay" not in PAGE.lower()
    assert PAGE.count("send it again under a new id after mending") == 2
