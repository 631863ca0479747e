"""Result events: valid CloudEvents, the same bytes every time, and one for each command."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from pydantic import BaseModel, ValidationError

from messages.catalog import CATALOG, CatalogEntry
from messages.commands import Command
from messages.events import EVENTS, ResultEvent
from messages.results import CommandFailed, ResultFields

#: What CloudEvents 1.0 asks of its JSON form; times are checked by reading them.
CLOUDEVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
    "additionalProperties": {"type": "string", "minLength": 1},
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
}
COMMAND = {"command_id": "evt_1001", "command_source": "billing", "username": "ada@example.com", "generation": 0}
SUCCESS = {**COMMAND, "outcome": "applied", "attempts": 1, "completed_at": "2026-11-21T09:30:02.000Z"}
FAILURE = {
    **COMMAND,
    "reason": "provider_rejected",
    "detail": "the provider refused it",
    "errors": ("Zoë's package is unknown",),
    "attempts": 1,
    "failed_at": "2026-11-21T09:30:02.000Z",
    "dead_letter_id": "8d0f2f0e-0000-5000-8000-000000000002",
}
PAGE: dict[str, Any] = {"customers": ({"username": "ada@example.com"},), "offset": 0, "next_offset": 1}
ADDED: dict[str, dict[str, Any]] = {
    **{entry.event: dict.fromkeys(entry.echoed, "as given") for entry in CATALOG.values()},
    "CustomersRetrieved": PAGE,
    "UsernameChanged": {"new_username": "ada@example.org"},
    "EmailChanged": {"email": "ada@example.org"},
    "CredentialAdded": {"credential_name": "smtp"},
    "CredentialRotated": {"credential_name": "smtp"},
    "CredentialRemoved": {"credential_name": "smtp"},
    "UserProfileUpdated": {"on_behalf_of": "ada@example.com"},
}
DATA: dict[str, ResultFields] = {
    **{
        entry.event: entry.event_model.model_validate(
            {"command_type": entry.command, **SUCCESS, **ADDED.get(entry.event, {})}
        )
        for entry in CATALOG.values()
    },
    "CommandFailed": CommandFailed(command_type="CreateCustomer", **FAILURE),
}


def event(type_: str, **attributes: Any) -> ResultEvent:  # noqa: ANN401 - whatever the envelope may hold
    """A result event with the attributes that are always there, and these."""
    always = {
        "id": "8d0f2f0e-0000-5000-8000-000000000001",
        "time": "2026-11-21T09:30:02.000Z",
        "correlationid": "order_7",
        "causationid": "evt_1001",
    }
    return ResultEvent(type=type_, data=DATA[type_], **{**always, **attributes})


@pytest.mark.parametrize("type_", EVENTS)
@pytest.mark.parametrize("optional", [{}, {"subject": "cus_42", "traceparent": "00-ab-cd-01"}])
def test_an_event_is_a_cloudevent(type_: str, optional: dict[str, str]) -> None:
    written = json.loads(event(type_, **optional).to_bytes())

    jsonschema.Draft202012Validator(CLOUDEVENT).validate(written)
    assert written["source"] == "provisioning-worker"
    assert {name: written[name] for name in optional} == optional


@pytest.mark.parametrize("missing", ["subject", "traceparent"])
def test_an_absent_attribute_is_left_out_and_not_null(missing: str) -> None:
    given = {"subject": "cus_42", "traceparent": "00-ab-cd-01"}
    del given[missing]

    assert missing not in json.loads(event("CustomerCreated", **given).to_bytes())


def test_the_bytes_of_a_success_are_these_for_ever() -> None:
    assert event("CredentialRotated", subject="cus_42").to_bytes() == (
        b'{"specversion":"1.0","id":"8d0f2f0e-0000-5000-8000-000000000001","source":"provisioning-worker",'
        b'"type":"CredentialRotated","subject":"cus_42","time":"2026-11-21T09:30:02.000Z",'
        b'"datacontenttype":"application/json","correlationid":"order_7","causationid":"evt_1001",'
        b'"data":{"command_id":"evt_1001","command_source":"billing","command_type":"RotateCredential",'
        b'"username":"ada@example.com","generation":0,"outcome":"applied","attempts":1,'
        b'"completed_at":"2026-11-21T09:30:02.000Z","credential_name":"smtp"}}'
    )


def test_the_bytes_of_a_failure_are_these_for_ever() -> None:
    written = event("CommandFailed").to_bytes()

    assert (
        written.partition(b'"data":')[2]
        == (
            '{"command_id":"evt_1001","command_source":"billing","command_type":"CreateCustomer",'
            '"username":"ada@example.com","generation":0,"reason":"provider_rejected",'
            '"detail":"the provider refused it",'
            '"errors":["Zoë\'s package is unknown"],"attempts":1,"failed_at":"2026-11-21T09:30:02.000Z",'
            '"dead_letter_id":"8d0f2f0e-0000-5000-8000-000000000002"}}'
        ).encode()
    )


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_read_back_is_written_with_the_same_bytes(type_: str) -> None:
    written = event(type_, subject="cus_42").to_bytes()

    read = ResultEvent.model_validate_json(written)

    assert type(read.data) is type(DATA[type_])
    assert read.to_bytes() == written


def test_what_is_not_known_of_a_broken_command_is_null() -> None:
    unknown = CommandFailed(**{**FAILURE, "command_type": None, "username": None})
    written = json.loads(ResultEvent(**{**dict(event("CommandFailed")), "data": unknown}).to_bytes())

    assert (written["data"]["command_type"], written["data"]["username"]) == (None, None)


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_and_its_data_cannot_be_changed(type_: str) -> None:
    for model in (event(type_), event(type_).data):
        with pytest.raises(ValidationError, match="frozen"):
            model.__setattr__(next(iter(type(model).model_fields)), "other")


def test_the_catalog_knows_every_command_and_the_event_of_its_success() -> None:
    entries = CATALOG.values()

    assert [entry.model.__name__ for entry in entries] == list(CATALOG)
    assert [entry.event_model.__name__ for entry in entries] == [entry.event for entry in entries]
    assert {entry.event for entry in entries} | {"CommandFailed"} == set(EVENTS)


def test_every_event_says_which_command_it_answers() -> None:
    models: list[type[BaseModel]] = [*(entry.event_model for entry in CATALOG.values()), CommandFailed]

    for model in models:
        assert list(model.model_fields)[:5] == [
            "command_id",
            "command_source",
            "command_type",
            "username",
            "generation",
        ]


def test_no_event_has_a_field_that_is_a_secret_of_its_command() -> None:
    for entry in CATALOG.values():
        assert issubclass(entry.model, Command)
        assert not {name for name in entry.event_model.model_fields if "password" in name}


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.event)
def test_an_event_adds_what_its_table_says_and_nothing_else(entry: CatalogEntry) -> None:
    always = [*COMMAND, "command_type", "outcome", "attempts", "completed_at"]

    assert set(entry.event_model.model_fields) == {*always, *ADDED.get(entry.event, {})}


def test_an_event_of_a_later_version_can_be_read() -> None:
    written = json.loads(event("EmailChanged").to_bytes())
    later = {**written, "later": "x", "data": {**written["data"], "later": 1}}

    assert ResultEvent.model_validate_json(json.dumps(later)) == event("EmailChanged")


def test_an_event_without_a_field_of_its_own_is_none() -> None:
    written = json.loads(event("EmailChanged").to_bytes())
    del written["data"]["email"]

    with pytest.raises(ValidationError, match="email"):
        ResultEvent.model_validate(written)
