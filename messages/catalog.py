"""Which command has which shape, and which event tells of its success."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages.commands import Command, CommandType, CreateCustomer, DisableCustomer, RotateCredential
from messages.events import CredentialRotated, CustomerCreated, CustomerDisabled, EventType, Succeeded


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of the catalog: its shape, and the event that tells of its success."""

    command: CommandType
    model: type[Command]
    event: EventType
    event_model: type[Succeeded]


_ENTRIES = (
    Entry(CommandType.CREATE_CUSTOMER, CreateCustomer, EventType.CUSTOMER_CREATED, CustomerCreated),
    Entry(CommandType.DISABLE_CUSTOMER, DisableCustomer, EventType.CUSTOMER_DISABLED, CustomerDisabled),
    Entry(CommandType.ROTATE_CREDENTIAL, RotateCredential, EventType.CREDENTIAL_ROTATED, CredentialRotated),
)

CATALOG: Mapping[CommandType, Entry] = MappingProxyType({entry.command: entry for entry in _ENTRIES})
