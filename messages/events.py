"""The result events: what the worker tells after each command."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, SerializeAsAny


class EventType(StrEnum):
    """Every result event the worker publishes."""

    CUSTOMER_CREATED = "CustomerCreated"
    CUSTOMER_DELETED = "CustomerDeleted"
    CUSTOMERS_RETRIEVED = "CustomersRetrieved"
    CUSTOMER_ENABLED = "CustomerEnabled"
    CUSTOMER_DISABLED = "CustomerDisabled"
    WEBSITE_ACCESS_ENABLED = "WebsiteAccessEnabled"
    WEBSITE_ACCESS_DISABLED = "WebsiteAccessDisabled"
    PROFILE_UPDATED = "ProfileUpdated"
    PASSWORD_CHANGED = "PasswordChanged"  # noqa: S105 - an event's name
    USERNAME_CHANGED = "UsernameChanged"
    EMAIL_CHANGED = "EmailChanged"
    CREDENTIAL_ADDED = "CredentialAdded"
    CREDENTIAL_ROTATED = "CredentialRotated"
    CREDENTIAL_REMOVED = "CredentialRemoved"
    USER_PROFILE_UPDATED = "UserProfileUpdated"
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


class CustomerDeleted(Succeeded):
    """The customer's account is closed."""


class CustomersRetrieved(Succeeded):
    """Customers as the provider lists them: `offset` were passed over, `next_offset` is null when there are no more."""

    customers: tuple[dict[str, str], ...]
    offset: int
    next_offset: int | None


class CustomerEnabled(Succeeded):
    """The customer can send."""


class CustomerDisabled(Succeeded):
    """The customer can no longer send."""


class WebsiteAccessEnabled(Succeeded):
    """The customer can log in on the website."""


class WebsiteAccessDisabled(Succeeded):
    """The customer can no longer log in on the website."""


class ProfileUpdated(Succeeded):
    """The profile has the values the command gave."""


class PasswordChanged(Succeeded):
    """The customer has the new password."""


class UsernameChanged(Succeeded):
    """The customer is known by its new username; `username` is the old one."""

    new_username: str


class EmailChanged(Succeeded):
    """The customer has the new email address."""

    email: str


class CredentialAdded(Succeeded):
    """The customer has the credential, with the password the command gave."""

    credential_name: str


class CredentialRotated(Succeeded):
    """The credential has the new password."""

    credential_name: str


class CredentialRemoved(Succeeded):
    """The customer no longer has the credential."""

    credential_name: str


class UserProfileUpdated(Succeeded):
    """The user's own profile has the values the command gave; `username` is null, `on_behalf_of` says whose it is."""

    on_behalf_of: str


class CommandFailed(ResultFields):
    """The command ended as a dead letter. `detail`: at most 500 characters; `errors`: the provider's own texts."""

    reason: str
    detail: str
    errors: tuple[str, ...]
    attempts: int
    failed_at: str
    dead_letter_id: str


class ResultEvent(BaseModel):
    """The CloudEvents envelope of a result event, structured mode. `data` is written by its own class."""

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
    data: SerializeAsAny[ResultFields]

    def to_bytes(self) -> bytes:
        """UTF-8 JSON; attributes that are not set are left out, as CloudEvents asks."""
        # only the envelope's absent attributes are dropped: data keeps its nulls
        absent = {name for name in ("subject", "traceparent") if getattr(self, name) is None}
        return self.model_dump_json(exclude=absent).encode()
