"""The messages of the demonstration: what each one says, and what must come of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

SOURCE = "billing"

STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, in plain words, with what must come of it.

    `event` is the type of the result event, `outcome` its outcome or its reason. `changes` are the changes of state
    that the provider's journal must show for it.
    """

    description: str
    customer: str
    id: str
    type: str
    body: bytes
    event: str
    outcome: str
    changes: tuple[tuple[str, str], ...] = ()
    content_type: str | None = STRUCTURED
    source: str = SOURCE


def command(number: int, kind: str, name: str, data: Mapping[str, str]) -> Message:
    """Any command, about the customer of that name if there is one; what must come of it is said by `expecting`."""
    identity = f"evt_{number}"
    customer, subject = (f"{name}@example.com", {"subject": f"cus_{name}"}) if name else ("", {})
    envelope = {
        "specversion": "1.0",
        "type": kind,
        "source": SOURCE,
        "id": identity,
        **subject,
        "data": dict(data),
    }
    return Message("", customer, identity, kind, json.dumps(envelope).encode(), "", "")


def expecting(message: Message, description: str, event: str, outcome: str, change: str = "") -> Message:
    """The message with what must come of it; `change` is the operation that changes the provider's state."""
    changes = ((change, message.customer),) if change else ()
    return replace(message, description=description, event=event, outcome=outcome, changes=changes)


def signup(number: int, name: str, description: str, outcome: str = "applied", **changed: str) -> Message:
    """A customer signs up, with a form that is in order but for what is changed."""
    message = command(number, "CreateCustomer", name, {**_form(name), **changed})
    if outcome in {"applied", "already_applied"}:
        return expecting(message, description, "CustomerCreated", outcome, "add")
    return expecting(message, description, "CommandFailed", outcome)


def _form(name: str) -> Mapping[str, str]:
    return {
        "username": f"{name}@example.com",
        "password": f"{name}-s3cret-password",
        "email": f"{name}@example.com",
        "first_name": name.capitalize(),
        "last_name": "Example",
        "address": "1 Harbor Street",
        "city": "Springfield",
        "state": "CA",
        "zip": "91234",
        "country": "US",
        "phone": "555-0100",
        "website": f"{name}.example.com",
        "company": f"{name.capitalize()} Ltd",
        "package": "Basic",
        "whitelabel": f"mail.{name}.example.com",
    }
