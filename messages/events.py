"""The result events: what the worker tells after each command."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, WithJsonSchema, field_validator

from messages.outcomes import Outcome, Reason


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


Time = Annotated[str, Field(description="RFC 3339, in UTC.", json_schema_extra={"format": "date-time"})]
#: The schema lists the set and stays open: a listener that checks events by it must outlive the next reason.
_Reason = Annotated[
    Reason,
    WithJsonSchema({"anyOf": [{"enum": [*Reason]}, {"type": "string", "description": "More may come."}]}),
    Field(description="Why it failed; take one that you do not know to a person."),
]
_CredentialName = Annotated[str, Field(description="The credential's name.")]


class ResultFields(BaseModel):
    """What every result event says of its command."""

    model_config = ConfigDict(frozen=True)

    command_id: str = Field(description="The command's `id`.")
    command_source: str = Field(description="The command's `source`.")
    command_type: str | None = Field(description="The command's `type`; null when it could not be read.")
    username: str | None = Field(description="The customer it was about; null when it was about nobody in particular.")
    generation: int = Field(
        description="Always 0 so far. Should a command ever have several results, the highest one tells the truth."
    )


class Succeeded(ResultFields):
    """What every event of a success says."""

    outcome: Literal[Outcome.APPLIED, Outcome.ALREADY_APPLIED] = Field(
        description="`already_applied`: it was found done, by an earlier try."
    )
    attempts: int = Field(description="How often it was tried; not every try costs the command one of those it has.")
    completed_at: Time


class CustomerCreated(Succeeded):
    """The customer exists at the provider as the command asked."""


class CustomerDeleted(Succeeded):
    """The customer's account is closed."""


_AS_TEXT = "`true` or `false`, as text and not as a boolean"
_ROW_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "username": "Its name, as the provider spells it.",
        "active": f"Whether it may send: {_AS_TEXT}.",
        **dict.fromkeys(
            ("email", "first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "website"),
            "As the provider has it.",
        ),
        "id": "The provider's number of the account; only when the provider gives it.",
        "address2": "The address's second line; only when the provider gives it.",
        "website_access": f"Whether it may log in on the website: {_AS_TEXT}; only when the provider gives it.",
    }
)
_Row = Annotated[
    dict[str, str],
    Field(
        json_schema_extra={
            "properties": {name: {"type": "string", "description": told} for name, told in _ROW_TEXTS.items()}
        }
    ),
]


class CustomersRetrieved(Succeeded):
    """One page of the customers, as the provider lists them. An event has at most 1 MiB, so a page may be short."""

    customers: tuple[_Row, ...] = Field(
        description="One object for each customer: the provider's own fields, all of them text; what the provider does"
        " not list is left out. `company` is never listed."
    )
    offset: int = Field(description="How many were passed over.")
    next_offset: int | None = Field(description="The `offset` of the next page; null when there are no more.")


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

    new_username: str = Field(description="What the customer is called from now on.")


class EmailChanged(Succeeded):
    """The customer has the new email address."""

    email: str = Field(description="The new address.")


class CredentialAdded(Succeeded):
    """The customer has the credential, with the password the command gave."""

    credential_name: _CredentialName


class CredentialRotated(Succeeded):
    """The credential has the new password."""

    credential_name: _CredentialName


class CredentialRemoved(Succeeded):
    """The customer no longer has the credential."""

    credential_name: _CredentialName


class UserProfileUpdated(Succeeded):
    """The user's own profile has the values the command gave."""

    on_behalf_of: str = Field(description="Whose profile it is, as the command said it; `username` says the same.")


class CommandFailed(ResultFields):
    """The command ended as a dead letter. `reason` decides whether to send it again under a new id, mended."""

    reason: _Reason
    detail: str = Field(description="What happened, in at most 500 characters; never a secret.")
    errors: tuple[str, ...] = Field(description="The provider's own texts, the command's secrets taken out.")
    attempts: int = Field(description="How often it was tried.")
    failed_at: Time
    dead_letter_id: str = Field(description="What operators find the dead letter by.")


#: Name and shape are paired in the classes' own names.
_MODELS: Mapping[EventType, type[ResultFields]] = MappingProxyType(
    {
        EventType(model.__name__): model
        for model in (
            CustomerCreated,
            CustomerDeleted,
            CustomersRetrieved,
            CustomerEnabled,
            CustomerDisabled,
            WebsiteAccessEnabled,
            WebsiteAccessDisabled,
            ProfileUpdated,
            PasswordChanged,
            UsernameChanged,
            EmailChanged,
            CredentialAdded,
            CredentialRotated,
            CredentialRemoved,
            UserProfileUpdated,
            CommandFailed,
        )
    }
)


class ResultEvent(BaseModel):
    """The CloudEvents envelope of a result event, structured mode. `data` is written and read by its own class."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="A repeat of the same result has the same id: drop what you have seen.")
    source: Literal["provisioning-worker"] = "provisioning-worker"
    type: EventType
    subject: str | None = Field(None, description="The command's `subject`.")
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str = Field(description="The command's `correlationid`, else its `id`.")
    causationid: str = Field(description="The command's `id`.")
    traceparent: str | None = Field(None, description="The command's `traceparent`.")
    data: SerializeAsAny[ResultFields]

    @field_validator("data", mode="before")
    @classmethod
    def _of_its_own_class(cls, value: object, envelope: ValidationInfo) -> object:
        known: EventType | None = envelope.data.get("type")
        model = _MODELS[known] if known else ResultFields
        return model.model_validate(value) if isinstance(value, dict) else value

    def to_bytes(self) -> bytes:
        """UTF-8 JSON; attributes that are not set are left out, as CloudEvents asks."""
        # only the envelope's absent attributes are dropped: data keeps its nulls
        absent = {name for name in ("subject", "traceparent") if getattr(self, name) is None}
        return self.model_dump_json(exclude=absent).encode()
