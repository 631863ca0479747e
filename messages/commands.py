"""The commands a billing system may send. Field names and limits are the provider's; unknown fields are refused."""

import re
from datetime import date
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from messages.fields import Email, Name, NewUsername, Password, Text50, Text100, Text255, Username

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CommandType(StrEnum):
    """Every command the worker knows."""

    CREATE_CUSTOMER = "CreateCustomer"
    DISABLE_CUSTOMER = "DisableCustomer"
    ROTATE_CREDENTIAL = "RotateCredential"


class Command(BaseModel):
    """What a command asks for. Frozen; its secrets show as asterisks wherever it is printed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    username: Username

    def revealed(self) -> dict[str, Any]:
        """The fields that were given, secrets in clear: for the provider and for fingerprints, never for people."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
            if value is not None
        }

    def secrets(self) -> tuple[str, ...]:
        """The secret values in clear, so that they can be scrubbed from what the provider echoes."""
        return tuple(value.get_secret_value() for _, value in self if isinstance(value, SecretStr))


def _ip_form(value: str) -> str:
    # A zone behind % names an interface of the emitter's own machine, and may be of any length and content.
    if "%" in value or not _is_ip(value):
        raise ValueError("must be an IP address")
    return value


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


class CreateCustomer(Command):
    """Create a customer. Required is what the provider's table requires; the worker itself repeats the password."""

    username: NewUsername
    password: Password
    email: Email
    first_name: Text50
    last_name: Text50
    address: Text100
    city: Text100
    state: Text100
    zip: Text50
    country: Text100
    phone: Text50
    website: Text255
    company: Text255
    package: Text255
    whitelabel: Text255
    ip_group: Annotated[tuple[Text255, ...], Field(max_length=100)] | None = None
    ip: Annotated[tuple[Annotated[str, AfterValidator(_ip_form)], ...], Field(max_length=100)] | None = None
    free_user: bool | None = None
    billing_date: date | None = None

    @field_validator("ip", "ip_group", mode="before")
    @classmethod
    def _list_to_tuple(cls, value: object) -> object:
        # JSON has lists only; tuples keep the command frozen all the way down.
        return tuple(value) if isinstance(value, list) else value

    @field_validator("billing_date", mode="before")
    @classmethod
    def _day_of_the_calendar(cls, value: object) -> object:
        # Strict validation of Python values knows no text form of a date; the provider's form is YYYY-mm-dd.
        # Python itself would also take the days of ISO weeks, 2026-W10-1.
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value


class DisableCustomer(Command):
    """Stop a customer from sending. The web login is not touched."""


class RotateCredential(Command):
    """Give a credential a new password. The emitter chooses it, so that a repeat sets the same one."""

    credential_name: Name
    new_credential_password: Password
