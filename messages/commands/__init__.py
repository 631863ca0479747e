"""The commands a billing system may send. Field names and limits are the provider's; unknown fields are refused."""

from messages.commands.changes import ChangeEmail, ChangePassword, ChangeUsername, UpdateProfile
from messages.commands.command import Command, CommandType, CustomerCommand
from messages.commands.creation import CreateCustomer
from messages.commands.credentials import AddCredential, RemoveCredential, RotateCredential
from messages.commands.customers import (
    DeleteCustomer,
    DisableCustomer,
    DisableWebsiteAccess,
    EnableCustomer,
    EnableWebsiteAccess,
    RetrieveCustomers,
)
from messages.commands.profiles import UpdateUserProfile

__all__ = [
    "AddCredential",
    "ChangeEmail",
    "ChangePassword",
    "ChangeUsername",
    "Command",
    "CommandType",
    "CreateCustomer",
    "CustomerCommand",
    "DeleteCustomer",
    "DisableCustomer",
    "DisableWebsiteAccess",
    "EnableCustomer",
    "EnableWebsiteAccess",
    "RemoveCredential",
    "RetrieveCustomers",
    "RotateCredential",
    "UpdateProfile",
    "UpdateUserProfile",
]
