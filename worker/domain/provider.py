"""The provider as the handlers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from messages.commands import CreateCustomer, DisableCustomer, RotateCredential

#: The fields of a create that the provider lists again (the others can be set, never read).
READABLE_FIELDS = (
    "username",
    "email",
    "first_name",
    "last_name",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "website",
)


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer as the provider lists it."""

    fields: Mapping[str, str]

    @property
    def disabled(self) -> bool:
        """Whether the list says that the customer may not send; False also when it does not say."""
        return self.fields.get("active") == "false"

    def differences(self, command: CreateCustomer) -> tuple[str, ...]:
        """The readable fields in which the row is not what the command asked for."""
        return tuple(name for name in READABLE_FIELDS if self.fields.get(name) != getattr(command, name))


class Provider(Protocol):
    """The provider's customer API. Each call raises a ProviderError when it did not succeed."""

    def create(self, command: CreateCustomer) -> None:
        """Create the customer. Not idempotent: a second create of a username is rejected."""

    def disable(self, command: DisableCustomer) -> None:
        """Stop the customer from sending. Setting it again changes nothing."""

    def edit_credential(self, command: RotateCredential) -> None:
        """Set the credential's password. Setting the same one again changes nothing."""

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username. None only when the whole list was read and it was not there."""

    def probe(self) -> None:
        """A call that concerns no customer: succeeds when the provider is there and accepts our login."""
