"""The commands a billing system sends, and the three forms in which it may put them on the wire."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROUTING_KEY = "any.key"


@dataclass(frozen=True, slots=True)
class Message:
    """A body, and the AMQP properties beside it."""

    body: bytes
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """One command as its emitter thinks of it. `extra` are further attributes of the envelope."""

    type: str
    data: Mapping[str, Any]
    subject: str | None = None
    source: str = "billing"
    id: str = field(default_factory=lambda: f"evt_{uuid.uuid4().hex}")
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def username(self) -> str:
        """The customer at the provider."""
        return str(self.data["username"])

    @property
    def customer(self) -> str:
        """Whose order it stands in."""
        return self.subject or self.username

    def message(self) -> Message:
        """Write it as a CloudEvent in structured mode, the form that most tests use."""
        return structured(self)


def new_username() -> str:
    """A customer that no other test knows."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


def create(username: str, **changes: Any) -> Command:  # noqa: ANN401  # any field of the command
    """Create a customer. A field given as None is left out; `subject` and `id` are the envelope's."""
    envelope = {name: changes.pop(name) for name in ("subject", "id", "source", "extra") if name in changes}
    fields = {
        "username": username,
        "password": f"password of {username}",
        "email": username,
        "first_name": "Ada",
        "last_name": "Byron",
        "address": "1 Any Street",
        "city": "London",
        "state": "LND",
        "zip": "NW1",
        "country": "GB",
        "phone": "555-0100",
        "website": "ada.example.com",
        "company": "Analytical Engines",
        "package": "Basic",
        "whitelabel": "mail.ada.example.com",
        **changes,
    }
    return Command("CreateCustomer", {name: value for name, value in fields.items() if value is not None}, **envelope)


def disable(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # any attribute of the envelope
    """Stop a customer from sending."""
    return Command("DisableCustomer", {"username": username}, **envelope)


def rotate(username: str, credential: str, password: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a credential a new password."""
    data = {"username": username, "credential_name": credential, "new_credential_password": password}
    return Command("RotateCredential", data, **envelope)


def structured(command: Command) -> Message:
    """The body is the whole envelope."""
    body = json.dumps({"specversion": "1.0", **_attributes(command), "data": command.data})
    return Message(body.encode(), {"content_type": "application/cloudevents+json", "message_id": command.id})


def binary(command: Command) -> Message:
    """The envelope is in the headers, the body is the data."""
    headers = {f"ce-{name}": value for name, value in {"specversion": "1.0", **_attributes(command)}.items()}
    return Message(json.dumps(command.data).encode(), {"content_type": "application/json", "headers": headers})


def bare(command: Command) -> Message:
    """The envelope is in AMQP's own properties."""
    extra = command.extra
    headers = {"subject": command.subject, "traceparent": extra.get("traceparent")}
    properties = {
        "content_type": "application/json",
        "type": command.type,
        "message_id": command.id,
        "app_id": command.source,
        "correlation_id": extra.get("correlationid"),
        "headers": {name: value for name, value in headers.items() if value is not None},
    }
    return Message(json.dumps(command.data).encode(), properties)


def _attributes(command: Command) -> dict[str, str]:
    named = {"id": command.id, "source": command.source, "type": command.type, "subject": command.subject}
    return {name: value for name, value in {**named, **command.extra}.items() if value is not None}
