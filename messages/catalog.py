"""Which command has which shape, and which event tells of its success."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages import commands, events
from messages.commands import Command, CommandType
from messages.events import EventType, Succeeded


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of the catalog: its shape, and the event that tells of its success."""

    command: CommandType
    model: type[Command]
    event: EventType
    event_model: type[Succeeded]


#: Name and shape are paired in the classes' own names; a test holds the two together.
_PAIRS: tuple[tuple[type[Command], type[Succeeded]], ...] = (
    (commands.CreateCustomer, events.CustomerCreated),
    (commands.DeleteCustomer, events.CustomerDeleted),
    (commands.RetrieveCustomers, events.CustomersRetrieved),
    (commands.EnableCustomer, events.CustomerEnabled),
    (commands.DisableCustomer, events.CustomerDisabled),
    (commands.EnableWebsiteAccess, events.WebsiteAccessEnabled),
    (commands.DisableWebsiteAccess, events.WebsiteAccessDisabled),
    (commands.UpdateProfile, events.ProfileUpdated),
    (commands.ChangePassword, events.PasswordChanged),
    (commands.ChangeUsername, events.UsernameChanged),
    (commands.ChangeEmail, events.EmailChanged),
    (commands.AddCredential, events.CredentialAdded),
    (commands.RotateCredential, events.CredentialRotated),
    (commands.RemoveCredential, events.CredentialRemoved),
    (commands.UpdateUserProfile, events.UserProfileUpdated),
)


def _entry(command: type[Command], event: type[Succeeded]) -> Entry:
    return Entry(CommandType(command.__name__), command, EventType(event.__name__), event)


CATALOG: Mapping[CommandType, Entry] = MappingProxyType(
    {entry.command: entry for entry in (_entry(*pair) for pair in _PAIRS)}
)
