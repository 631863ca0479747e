"""Examples of every command and every event: the least that is accepted, and everything that may be said.

Each has an id of its own, so that whoever sends them one after another never gets an `id_conflict`.
"""

import json
from enum import StrEnum
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

from messages.catalog import CATALOG, CatalogEntry
from messages.commands import CreateCustomer, CustomersRetrieved, RetrieveCustomers
from messages.commands.samples import ADDRESS, CUSTOMER
from messages.contract.models import Document
from messages.events import ResultEvent
from messages.results import CommandFailed, ResultFields

SOURCE = "billing"
SENT_AT = "2026-11-21T09:30:00Z"
_PAGE = MappingProxyType(
    {
        "customers": [{**CUSTOMER, "email": ADDRESS, "active": "true", "first_name": "Ada"}],
        "offset": 0,
        "next_offset": None,
    }
)
_AT = "2026-11-21T09:30:02.000Z"
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class ExampleForm(StrEnum):
    """The three ways a command may be written."""

    STRUCTURED = "structured"
    BINARY = "binary"
    BARE = "bare"


def least(command: str, form: ExampleForm) -> Document:
    """The attributes no command can do without."""
    return _attributes(command, f"{form}-least")


def most(command: str, form: ExampleForm) -> Document:
    """The example with every optional attribute."""
    stated = {"subject": "cus_42", "time": SENT_AT, "correlationid": "order_7", "traceparent": _TRACE}
    return {**_attributes(command, f"{form}-most"), **stated}


def _attributes(command: str, which: str) -> Document:
    return {"specversion": "1.0", "id": _id(command, which), "source": SOURCE, "type": command}


def _id(command: str, which: str) -> str:
    return f"example-{command}-{which}"


def envelopes(entry: CatalogEntry) -> list[Document]:
    """Whole commands, in structured mode."""
    return [
        {**least(entry.command, ExampleForm.STRUCTURED), "data": dict(entry.model.examples[0])},
        {**most(entry.command, ExampleForm.STRUCTURED), "data": dict(entry.model.examples[-1])},
    ]


def event(model: type[ResultFields]) -> Document:
    """A whole result event, as the worker writes it."""
    data = model.model_validate(_failure() if model is CommandFailed else _success(model))
    stated = ResultEvent(
        id=_uuid(f"event:{model.__name__}"),
        type=model.__name__,
        subject="cus_42",
        time=_AT,
        correlationid="order_7",
        causationid=data.command_id,
        traceparent=_TRACE,
        data=data,
    )
    written: Document = json.loads(stated.to_bytes())
    return written


def _success(model: type[ResultFields]) -> Document:
    entry = next(entry for entry in CATALOG.values() if entry.event_model is model)
    done = {"outcome": "applied", "attempts": 1, "completed_at": _AT}
    asked = entry.model.examples[0]
    added = _PAGE if model is CustomersRetrieved else {name: asked[name] for name in entry.echoed}
    return {**_about(entry.command, "structured-most"), **done, **added}


def _failure() -> Document:
    return {
        **_about(CreateCustomer.__name__, "refused"),
        "reason": "provider_rejected",
        "detail": "the provider refused it: this username is taken",
        "errors": ["this username is taken"],
        "attempts": 1,
        "failed_at": _AT,
        "dead_letter_id": _uuid("letter"),
    }


def _about(command: str, which: str) -> Document:
    username = None if command == RetrieveCustomers.__name__ else ADDRESS
    return {
        "command_id": _id(command, which),
        "command_source": SOURCE,
        "command_type": command,
        "username": username,
        "generation": 0,
    }


def _uuid(name: str) -> str:
    """Always the same one for a name, so that the published files stay as they are."""
    return str(uuid5(NAMESPACE_URL, f"urn:provisioning-worker:example:{name}"))
