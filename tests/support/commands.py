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
        """The customer at the provider; empty when it is about nobody in particular."""
        if self.type == "RetrieveCustomers":
            return ""
        return str(self.data.get("username") or self.data.get("on_behalf_of") or "")

    @property
    def customer(self) -> str:
        """Whom it is about, for people."""
        return self.subject or self.username

    @property
    def lanes(self) -> frozenset[str]:
        """Whose order it stands in: by its subject and by every name of its customer; none for a list."""
        if not self.username:
            return frozenset()
        names = (f"subject {self.subject}" if self.subject else "", self.username, self.data.get("new_username", ""))
        return frozenset(name.lower() for name in names if name)

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


def delete(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # any attribute of the envelope
    """Close a customer's account for good."""
    return Command("DeleteCustomer", {"username": username}, **envelope)


def retrieve(filters: Mapping[str, object], **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """List customers; the filters may have a limit and an offset beside them."""
    return Command("RetrieveCustomers", filters, **envelope)


def enable(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Let a customer send."""
    return Command("EnableCustomer", {"username": username}, **envelope)


def disable(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Stop a customer from sending."""
    return Command("DisableCustomer", {"username": username}, **envelope)


def enable_website(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Let a customer log in on the website."""
    return Command("EnableWebsiteAccess", {"username": username}, **envelope)


def disable_website(username: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Stop a customer from logging in on the website."""
    return Command("DisableWebsiteAccess", {"username": username}, **envelope)


def update_profile(username: str, fields: Mapping[str, str], **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Change fields of a customer's profile."""
    return Command("UpdateProfile", {"username": username, **fields}, **envelope)


def change_password(username: str, password: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a customer a new password."""
    return Command("ChangePassword", {"username": username, "password": password}, **envelope)


def rename(username: str, new_username: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a customer a new username."""
    return Command("ChangeUsername", {"username": username, "new_username": new_username}, **envelope)


def change_email(username: str, email: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a customer a new email address."""
    return Command("ChangeEmail", {"username": username, "email": email}, **envelope)


def add_credential(username: str, credential: str, password: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a customer a further login."""
    data = {"username": username, "credential_name": credential, "credential_password": password}
    return Command("AddCredential", data, **envelope)


def rotate(username: str, credential: str, password: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Give a credential a new password."""
    data = {"username": username, "credential_name": credential, "new_credential_password": password}
    return Command("RotateCredential", data, **envelope)


def remove_credential(username: str, credential: str, **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Take a login from a customer."""
    return Command("RemoveCredential", {"username": username, "credential_name": credential}, **envelope)


def update_user_profile(on_behalf_of: str, fields: Mapping[str, str], **envelope: Any) -> Command:  # noqa: ANN401  # as above
    """Change fields of a user's own profile, by the newer API."""
    return Command("UpdateUserProfile", {"on_behalf_of": on_behalf_of, **fields}, **envelope)


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
