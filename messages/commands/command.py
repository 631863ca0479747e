"""What all commands have in common: their names, and the shape every one of them is built on."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from messages.fields import Username


class CommandType(StrEnum):
    """Every command the worker knows."""

    CREATE_CUSTOMER = "CreateCustomer"
    DELETE_CUSTOMER = "DeleteCustomer"
    RETRIEVE_CUSTOMERS = "RetrieveCustomers"
    ENABLE_CUSTOMER = "EnableCustomer"
    DISABLE_CUSTOMER = "DisableCustomer"
    ENABLE_WEBSITE_ACCESS = "EnableWebsiteAccess"
    DISABLE_WEBSITE_ACCESS = "DisableWebsiteAccess"
    UPDATE_PROFILE = "UpdateProfile"
    CHANGE_PASSWORD = "ChangePassword"  # noqa: S105 - a command's name
    CHANGE_USERNAME = "ChangeUsername"
    CHANGE_EMAIL = "ChangeEmail"
    ADD_CREDENTIAL = "AddCredential"
    ROTATE_CREDENTIAL = "RotateCredential"
    REMOVE_CREDENTIAL = "RemoveCredential"
    UPDATE_USER_PROFILE = "UpdateUserProfile"


class Command(BaseModel):
    """What a command asks for. Frozen; its secrets show as asterisks wherever it is printed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    def customers(self) -> tuple[str, ...]:
        """The customers it names, the one it is about first; none for a command that is about nobody in particular."""
        return ()

    def faults_at(self, sent_at: float) -> tuple[str, ...]:  # noqa: ARG002 - most commands know no time
        """The rules it breaks that hang on when it was sent (epoch seconds)."""
        return ()

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


def names_something_to_change(schema: dict[str, Any]) -> None:
    """State that at least one of the fields that may be left out is given; null counts as left out."""
    optional = [name for name in schema["properties"] if name not in schema["required"]]
    given = {"not": {"type": "null"}}
    schema["anyOf"] = [{"required": [name], "properties": {name: given}} for name in optional]


class CustomerCommand(Command):
    """A command about one customer, named as the provider knows it."""

    username: Username

    def customers(self) -> tuple[str, ...]:
        """The one customer."""
        return (self.username,)
