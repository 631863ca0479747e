"""Examples of every command and every event: the least that is accepted, and everything that may be said."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from messages.catalog import CATALOG
from messages.commands import CommandType
from messages.contract.models import Document
from messages.events import CommandFailed, EventType, ResultEvent, ResultFields

SOURCE = "billing"
_USERNAME = "ada@example.com"
_SECRET = "only-an-example-42"  # noqa: S105 - what it says
_CUSTOMER = MappingProxyType({"username": _USERNAME})
_CREDENTIAL = MappingProxyType({"username": _USERNAME, "credential_name": "ada-mailer"})
_PROFILE = MappingProxyType(
    {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "address": "12 St James's Square",
        "city": "London",
        "state": "England",
        "zip": "SW1Y 4JH",
        "country": "GB",
        "phone": "+44 20 7946 0000",
        "website": "https://example.com",
        "company": "Analytical Engines",
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
        CommandType.UPDATE_PROFILE: ({**_CUSTOMER, "city": "Ockham"}, {**_CUSTOMER, **_PROFILE}),
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


def least(command: CommandType) -> Document:
    """The attributes no command can do without."""
    return {"specversion": "1.0", "id": "evt_1001", "source": SOURCE, "type": command.value}


def most(command: CommandType) -> Document:
    """Every attribute there is."""
    told = {"subject": "cus_42", "time": "2026-11-21T09:30:00Z", "correlationid": "order_7", "traceparent": _TRACE}
    return {**least(command), **told}


def envelopes(command: CommandType) -> list[Document]:
    """Whole commands, in structured mode."""
    first, *_, last = (DATA[command][0], *DATA[command])
    return [{**least(command), "data": dict(first)}, {**most(command), "data": dict(last)}]


def event(model: type[ResultFields]) -> Document:
    """A whole result event, as the worker writes it."""
    told = ResultEvent(
        id="8d0f2f0e-7a51-5c3e-9d0a-3f6f1b2c4d5e",
        type=EventType(model.__name__),
        subject="cus_42",
        time=_AT,
        correlationid="order_7",
        causationid="evt_1001",
        traceparent=_TRACE,
        data=model.model_validate(_failure() if model is CommandFailed else _success(EventType(model.__name__))),
    )
    written: Document = json.loads(told.to_bytes())
    return written


def _success(event: EventType) -> Document:
    command = next(entry.command for entry in CATALOG.values() if entry.event is event)
    done = {"outcome": "applied", "attempts": 1, "completed_at": _AT}
    return {**_about(command), **done, **_ADDED.get(event, {})}


def _failure() -> Document:
    return {
        **_about(CommandType.CREATE_CUSTOMER),
        "reason": "provider_rejected",
        "detail": "the provider refused it: this username is taken",
        "errors": ["this username is taken"],
        "attempts": 1,
        "failed_at": _AT,
        "dead_letter_id": "5c2f8f5e-58a8-5b0e-8f39-1f2e3d4c5b6a",
    }


def _about(command: CommandType) -> Document:
    username = None if command is CommandType.RETRIEVE_CUSTOMERS else _USERNAME
    return {
        "command_id": "evt_1001",
        "command_source": SOURCE,
        "command_type": command.value,
        "username": username,
        "generation": 0,
    }
