"""Examples of every command and every event: the least that is accepted, and everything that may be said.

Each has an id of its own, so that whoever sends them one after another is never told of an `id_conflict`.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from messages.catalog import CATALOG
from messages.commands import CommandType
from messages.contract.models import Document
from messages.events import CommandFailed, EventType, ResultEvent, ResultFields

SOURCE = "billing"
SENT_AT = "2026-11-21T09:30:00Z"
_USERNAME = "ada@example.com"
_SECRET = "only-an-example-42"  # noqa: S105 - what it says
_CUSTOMER = MappingProxyType({"username": _USERNAME})
_CREDENTIAL = MappingProxyType({"username": _USERNAME, "credential_name": "ada-mailer"})
_PROFILE = MappingProxyType(
    {
        "first_name": "Ada",
        "last_name": "Example",
        "address": "1 Any Street",
        "city": "Anytown",
        "state": "CA",
        "zip": "90000",
        "country": "US",
        "phone": "+1 555 0100",
        "website": "https://example.com",
        "company": "Example Company",
    }
)
_CREATE = MappingProxyType(
    {
        **_CUSTOMER,
        "password": _SECRET,
        "email": _USERNAME,
        **_PROFILE,
        "package": "Basic",
        "whitelabel": "mail.example.com",
    }
)
_CREATE_OPTIONS = MappingProxyType(
    {
        "ip_group": ["transactional"],
        "ip": ["192.0.2.1", "2001:db8::1"],
        "free_user": False,
        "billing_date": "2026-12-01",
    }
)
_FILTERS = MappingProxyType({**_CUSTOMER, "email": _USERNAME, "active": True, **_PROFILE, "limit": 500, "offset": 500})
_USER = MappingProxyType({"on_behalf_of": _USERNAME})

#: The least and the most of each command's data; one alone where there is nothing to choose.
DATA: Mapping[CommandType, tuple[Mapping[str, Any], ...]] = MappingProxyType(
    {
        CommandType.CREATE_CUSTOMER: (_CREATE, {**_CREATE, **_CREATE_OPTIONS}),
        CommandType.DELETE_CUSTOMER: (_CUSTOMER,),
        CommandType.RETRIEVE_CUSTOMERS: ({}, _FILTERS),
        CommandType.ENABLE_CUSTOMER: (_CUSTOMER,),
        CommandType.DISABLE_CUSTOMER: (_CUSTOMER,),
        CommandType.ENABLE_WEBSITE_ACCESS: (_CUSTOMER,),
        CommandType.DISABLE_WEBSITE_ACCESS: (_CUSTOMER,),
        CommandType.UPDATE_PROFILE: ({**_CUSTOMER, "city": "Othertown"}, {**_CUSTOMER, **_PROFILE}),
        CommandType.CHANGE_PASSWORD: ({**_CUSTOMER, "password": _SECRET},),
        CommandType.CHANGE_USERNAME: ({**_CUSTOMER, "new_username": "ada@example.org"},),
        CommandType.CHANGE_EMAIL: ({**_CUSTOMER, "email": "ada@example.org"},),
        CommandType.ADD_CREDENTIAL: ({**_CREDENTIAL, "credential_password": _SECRET},),
        CommandType.ROTATE_CREDENTIAL: ({**_CREDENTIAL, "new_credential_password": _SECRET},),
        CommandType.REMOVE_CREDENTIAL: (_CREDENTIAL,),
        CommandType.UPDATE_USER_PROFILE: (
            {**_USER, "address2": ""},
            {"on_behalf_of": "account-id 4711", "address2": "2nd floor", **_PROFILE},
        ),
    }
)

_ADDED: Mapping[EventType, Mapping[str, Any]] = MappingProxyType(
    {
        EventType.CUSTOMERS_RETRIEVED: {
            "customers": [{**_CUSTOMER, "email": _USERNAME, "active": "true", "first_name": "Ada"}],
            "offset": 0,
            "next_offset": None,
        },
        EventType.USERNAME_CHANGED: {"new_username": "ada@example.org"},
        EventType.EMAIL_CHANGED: {"email": "ada@example.org"},
        EventType.CREDENTIAL_ADDED: {"credential_name": "ada-mailer"},
        EventType.CREDENTIAL_ROTATED: {"credential_name": "ada-mailer"},
        EventType.CREDENTIAL_REMOVED: {"credential_name": "ada-mailer"},
        EventType.USER_PROFILE_UPDATED: {"on_behalf_of": _USERNAME},
    }
)
_AT = "2026-11-21T09:30:02.000Z"
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Form(StrEnum):
    """The three ways a command may be written."""

    STRUCTURED = "structured"
    BINARY = "binary"
    BARE = "bare"


def least(command: CommandType, form: Form) -> Document:
    """The attributes no command can do without."""
    return _attributes(command, f"{form}-least")


def most(command: CommandType, form: Form) -> Document:
    """Every attribute there is."""
    told = {"subject": "cus_42", "time": SENT_AT, "correlationid": "order_7", "traceparent": _TRACE}
    return {**_attributes(command, f"{form}-most"), **told}


def _attributes(command: CommandType, which: str) -> Document:
    return {"specversion": "1.0", "id": _id(command, which), "source": SOURCE, "type": command.value}


def _id(command: CommandType, which: str) -> str:
    return f"example-{command}-{which}"


def envelopes(command: CommandType) -> list[Document]:
    """Whole commands, in structured mode."""
    first, *_, last = (DATA[command][0], *DATA[command])
    return [
        {**least(command, Form.STRUCTURED), "data": dict(first)},
        {**most(command, Form.STRUCTURED), "data": dict(last)},
    ]


def event(model: type[ResultFields]) -> Document:
    """A whole result event, as the worker writes it."""
    data = model.model_validate(_failure() if model is CommandFailed else _success(EventType(model.__name__)))
    told = ResultEvent(
        id=_uuid(f"event:{model.__name__}"),
        type=EventType(model.__name__),
        subject="cus_42",
        time=_AT,
        correlationid="order_7",
        causationid=data.command_id,
        traceparent=_TRACE,
        data=data,
    )
    written: Document = json.loads(told.to_bytes())
    return written


def _success(event: EventType) -> Document:
    command = next(entry.command for entry in CATALOG.values() if entry.event is event)
    done = {"outcome": "applied", "attempts": 1, "completed_at": _AT}
    return {**_about(command, "structured-most"), **done, **_ADDED.get(event, {})}


def _failure() -> Document:
    return {
        **_about(CommandType.CREATE_CUSTOMER, "refused"),
        "reason": "provider_rejected",
        "detail": "the provider refused it: this username is taken",
        "errors": ["this username is taken"],
        "attempts": 1,
        "failed_at": _AT,
        "dead_letter_id": _uuid("letter"),
    }


def _about(command: CommandType, which: str) -> Document:
    username = None if command is CommandType.RETRIEVE_CUSTOMERS else _USERNAME
    return {
        "command_id": _id(command, which),
        "command_source": SOURCE,
        "command_type": command.value,
        "username": username,
        "generation": 0,
    }


def _uuid(name: str) -> str:
    """Always the same one for a name, so that the published files stay as they are."""
    return str(uuid5(NAMESPACE_URL, f"urn:provisioning-worker:example:{name}"))
