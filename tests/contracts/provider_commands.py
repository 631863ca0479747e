"""Commands about the customers of a place."""

from typing import TypeVar

from messages import commands
from messages.commands import Command
from tests.contracts.provider_places import ADA, CREDENTIAL, NEW
from tests.support.work_samples import create_command

#: As hard to spell as a password can be.
PASSWORD = "p4ss/\\\"'<é> &+%"
PROFILE = {"first_name": "Zoë", "last_name": "Łukasz", "company": "A & B <Ltd>", "website": "https://x.com/a?b=c&d=e"}
V3_PROFILE = {"city": "Łódź", "address2": "2nd floor", "company": "", "zip": "01234"}

_C = TypeVar("_C", bound=Command)


def about(model: type[_C], username: str = ADA, **fields: object) -> _C:
    """A command of that kind about that customer."""
    return model.model_validate({"username": username, **fields})


def creating(username: str = NEW, **changes: str) -> commands.CreateCustomer:
    """Create that customer."""
    return create_command(username=username, email=username, **changes)


def adding(name: str = "second", username: str = ADA) -> commands.AddCredential:
    """Give the customer a further credential."""
    return about(commands.AddCredential, username, credential_name=name, credential_password=PASSWORD)


def rotating(name: str = CREDENTIAL, username: str = ADA) -> commands.RotateCredential:
    """Give the credential a new password."""
    return about(commands.RotateCredential, username, credential_name=name, new_credential_password=PASSWORD)


def removing(name: str = CREDENTIAL, username: str = ADA) -> commands.RemoveCredential:
    """Take the credential away."""
    return about(commands.RemoveCredential, username, credential_name=name)


def updating(on_behalf_of: str = ADA, **fields: str) -> commands.UpdateUserProfile:
    """Change a user's own profile."""
    return commands.UpdateUserProfile.model_validate({"on_behalf_of": on_behalf_of, **(fields or V3_PROFILE)})


def changes_of(username: str) -> tuple[Command, ...]:
    """Every change of a customer that must be there already, but of its credentials."""
    return (
        about(commands.DeleteCustomer, username),
        about(commands.EnableCustomer, username),
        about(commands.DisableCustomer, username),
        about(commands.EnableWebsiteAccess, username),
        about(commands.DisableWebsiteAccess, username),
        about(commands.UpdateProfile, username, **PROFILE),
        about(commands.ChangePassword, username, password=PASSWORD),
        about(commands.ChangeUsername, username, new_username="free@x.com"),
        about(commands.ChangeEmail, username, email="new@y.com"),
        updating(username),
    )
