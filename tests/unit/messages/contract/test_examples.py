"""The files that a newcomer sends first, and the page that explains them: both say what the models say."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from pydantic import ValidationError

from messages.catalog import CATALOG
from messages.events import ResultEvent
from messages.forms import WireMessage
from messages.results import Reason, Succeeded
from tests.support.published import DOCUMENTS
from tests.unit.messages.wire import faults

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples"
PAGE = (ROOT / "docs" / "emitters.md").read_text(encoding="utf-8")
FILES = ("signup.json", "lifecycle.json", "list-customers.json")


def commands(name: str) -> list[dict[str, Any]]:
    """The commands of a file."""
    read: list[dict[str, Any]] = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", FILES)
def test_the_commands_of_an_example_are_valid(name: str) -> None:
    for command in commands(name):
        jsonschema.Draft202012Validator(DOCUMENTS[f"commands/{command['type']}.json"]).validate(command)
        assert faults(WireMessage(json.dumps(command).encode())) == ()


def test_there_is_an_example_of_every_command() -> None:
    sent = [command for name in FILES for command in commands(name)]

    assert {command["type"] for command in sent} == set(CATALOG)
    assert len({command["id"] for command in sent}) == len(sent)


def row_of(type_: str) -> str:
    """The line of the page for emitters that names a command."""
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{type_}`" in line.split("|")[1]]
    return rows[0]


@pytest.mark.parametrize("type_", CATALOG)
def test_the_page_for_emitters_names_every_field_and_what_the_event_adds(type_: str) -> None:
    entry = CATALOG[type_]
    fields = set(entry.model.model_fields)
    named = fields if type_ != "UpdateUserProfile" else {"on_behalf_of", "address2"}
    added = set(entry.event_model.model_fields) - set(Succeeded.model_fields)

    assert {name for name in (*named, *added, entry.event) if f"`{name}`" not in row_of(type_)} == set()


def test_the_page_for_emitters_lists_the_reasons_and_no_other() -> None:
    _, _, table = PAGE.partition("\n| reason | means |")
    rows = table.partition("\n\n")[0].splitlines()[2:]

    assert [row.split("`")[1] for row in rows] == list(Reason)


def test_the_schema_lists_the_reasons_and_lets_a_later_one_pass() -> None:
    event = DOCUMENTS["events/CommandFailed.json"]
    (example,) = event["examples"]
    later = {**example, "data": {**example["data"], "reason": "expired"}}

    assert event["properties"]["data"]["properties"]["reason"]["anyOf"][0] == {"enum": list(Reason)}
    jsonschema.Draft202012Validator(event).validate(later)


def test_an_event_cannot_be_made_with_a_reason_or_an_outcome_that_is_none() -> None:
    failed, succeeded = (
        DOCUMENTS[f"events/{name}.json"]["examples"][0] for name in ("CommandFailed", "CustomerCreated")
    )

    for event, field in ((failed, "reason"), (succeeded, "outcome")):
        with pytest.raises(ValidationError, match=field):
            ResultEvent.model_validate({**event, "data": {**event["data"], field: "duplicated"}})
