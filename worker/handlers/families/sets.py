"""Commands that set a value: setting it again changes nothing, so after an unknown outcome they are repeated."""

from messages.commands import (
    ChangeEmail,
    ChangePassword,
    DisableCustomer,
    DisableWebsiteAccess,
    EnableCustomer,
    EnableWebsiteAccess,
    RotateCredential,
    UpdateProfile,
)
from worker.domain.provider import Provider
from worker.domain.results import Outcome, Success
from worker.domain.work import Attempt
from worker.errors import Unprovable
from worker.handlers.families.evidence import look, prove

FlagCommand = EnableCustomer | DisableCustomer | EnableWebsiteAccess | DisableWebsiteAccess
ReadableCommand = FlagCommand | UpdateProfile | ChangeEmail
PasswordCommand = ChangePassword | RotateCredential


def set_readable(provider: Provider, command: ReadableCommand, attempt: Attempt) -> Success:
    """Set what the provider lists; a last look reads whether it is as the command asked."""
    added = {"email": command.email} if isinstance(command, ChangeEmail) else {}
    if attempt.may_write:
        provider.apply(command)
        return Success(Outcome.APPLIED, added)
    prove(look(provider, command.username, attempt), command.username, _wanted(command))
    return Success(Outcome.ALREADY_APPLIED, added)


def set_password(provider: Provider, command: PasswordCommand, attempt: Attempt) -> Success:
    """Set a customer's password, or a credential's; the provider cannot be asked whether it is set."""
    added = {"credential_name": command.credential_name} if isinstance(command, RotateCredential) else {}
    if attempt.may_write:
        provider.apply(command)
        return Success(Outcome.APPLIED, added)
    owner = " of ".join([*(f"credential {name}" for name in added.values()), command.username])
    raise Unprovable(
        f"whether {owner} has the new password cannot be read; replaying the command sets the same password again and "
        "does no harm"
    )


def _wanted(command: ReadableCommand) -> dict[str, str]:
    match command:
        case EnableCustomer():
            return {"active": "true"}
        case DisableCustomer():
            return {"active": "false"}
        case EnableWebsiteAccess():
            return {"website_access": "true"}
        case DisableWebsiteAccess():
            return {"website_access": "false"}
        case UpdateProfile() | ChangeEmail():
            return command.revealed()
