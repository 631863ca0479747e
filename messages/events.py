"""The result events: what the worker tells after each command."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class EventType(StrEnum):
    """Every result event the worker publishes."""

    CUSTOMER_CREATED = "CustomerCreated"
    CUSTOMER_DISABLED = "CustomerDisabled"
    CREDENTIAL_ROTATED = "CredentialRotated"
    COMMAND_FAILED = "CommandFailed"


class ResultFields(BaseModel):
    """What every result event says of its command. Times are RFC 3339 in UTC."""

    model_config = ConfigDict(frozen=True)

    command_id: str
    command_source: str
    command_type: str | None
    username: str | None
    generation: int


class Succeeded(ResultFields):
    """`already_applied`: an earlier try had done it. `attempts` counts every try, whether it was charged or not."""

    outcome: Literal["applied", "already_applied"]
    attempts: int
    completed_at: str


class CustomerCreated(Succeeded):
    """The customer exists at the provider as the command asked."""


class CustomerDisabled(Succeeded):
    """The customer can no longer send."""


class CredentialRotated(Succeeded):
    """The credential has the new password."""

    credential_name: str


class CommandFailed(ResultFields):
    """The command ended as a dead letter. `detail`: at most 500 characters; `errors`: the provider's own texts."""

    reason: str
    detail: str
    errors: tuple[str, ...]
    attempts: int
    failed_at: str
    dead_letter_id: str


class ResultEvent(BaseModel):
    """The CloudEvents envelope of a result event, structured mode."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: Literal["provisioning-worker"] = "provisioning-worker"
    type: EventType
    subject: str | None = None
    time: str
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str
    causationid: str
    traceparent: str | None = None
    data: CommandFailed | CredentialRotated | CustomerCreated | CustomerDisabled

    def to_bytes(self) -> bytes:
        """UTF-8 JSON; attributes that are not set are left out, as CloudEvents asks."""
        # by the instance's own class, and only the envelope's absent attributes are dropped: data keeps its nulls
        absent = {name for name in ("subject", "traceparent") if getattr(self, name) is None}
        return self.model_dump_json(exclude=absent, serialize_as_any=True).encode()
