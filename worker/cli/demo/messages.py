"""The messages of the morning: what each one says, and what must come of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain.deliveries import Properties

SOURCE = "billing"

_STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, in plain words, with what must come of it.

    `event` is the type of the result event, `outcome` its outcome or its reason. `changes` are the changes of state
    that the provider's journal must show for it.
    """

    story: str
    customer: str
    body: bytes
    properties: Properties
    event: str
    outcome: str
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The command's id."""
        return self.properties.message_id or ""


def command(number: int, kind: str, name: str, data: Mapping[str, str]) -> Message:
    """Any command, about the customer of that name if there is one; what must come of it is still to be told."""
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
    properties = Properties(content_type=_STRUCTURED, message_id=identity, type=kind, app_id=SOURCE, delivery_mode=2)
    return Message("", customer, json.dumps(envelope).encode(), properties, "", "")


def told(message: Message, story: str, event: str, outcome: str, change: str = "") -> Message:
    """The message with what must come of it; `change` is the operation that changes the provider's state."""
    changes = ((change, message.customer),) if change else ()
    return Message(story, message.customer, message.body, message.properties, event, outcome, changes)


def signup(number: int, name: str, story: str, outcome: str = "applied", **changed: str) -> Message:
    """A customer signs up, with a form that is in order but for what is changed."""
    username = f"{name}@example.com"
    message = command(number, "CreateCustomer", name, {**_form(name), **changed})
    if outcome in {"applied", "already_applied"}:
        return told(message, story, "CustomerCreated", outcome, "add")
    return Message(story, username, message.body, message.properties, "CommandFailed", outcome)


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
