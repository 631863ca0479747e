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
from messages.outcomes import Outcome
from worker.domain.provider import Provider
from worker.domain.results import Success
from worker.domain.work import Attempt
from worker.errors import Rejected, Unprovable
from worker.handlers.families.evidence import is_whole_answer, look
from worker.handlers.families.listed import prove, prove_before_refusal

FlagCommand = EnableCustomer | DisableCustomer | EnableWebsiteAccess | DisableWebsiteAccess
ReadableCommand = FlagCommand | UpdateProfile | ChangeEmail
PasswordCommand = ChangePassword | RotateCredential


def set_readable(provider: Provider, command: ReadableCommand, attempt: Attempt) -> Success:
    """Set what the provider lists; a last look, or one after a refused repeat, reads whether it is as asked."""
    added = {"email": command.email} if isinstance(command, ChangeEmail) else {}
    if not attempt.may_write:
        prove(look(provider, command.username, attempt), command.username, _wanted(command))
        return Success(Outcome.ALREADY_APPLIED, added)
    try:
        provider.apply(command)
    except Rejected as refused:
        if is_whole_answer(refused, attempt):
            raise
        row = look(provider, command.username, attempt)
        prove_before_refusal(row, command.username, _wanted(command), attempt, refused)
        return Success(Outcome.ALREADY_APPLIED, added)
    return Success(Outcome.APPLIED, added)


def set_password(provider: Provider, command: PasswordCommand, attempt: Attempt) -> Success:
    """Set a customer's password, or a credential's; the provider cannot be asked whether it is set."""
    added = {"credential_name": command.credential_name} if isinstance(command, RotateCredential) else {}
    if not attempt.may_write:
        raise Unprovable(_unread_password(command))
    try:
        provider.apply(command)
    except Rejected as refused:
        # Of a customer that is not there no password was changed.
        if is_whole_answer(refused, attempt) or look(provider, command.username, attempt) is None:
            raise
        raise Unprovable(f"{_unread_password(command)}: {refused.detail}", refused.errors) from refused
    return Success(Outcome.APPLIED, added)


def _unread_password(command: PasswordCommand) -> str:
    owner = f"credential {command.credential_name} of " if isinstance(command, RotateCredential) else ""
    return (
        f"whether {owner}{command.username} has the new password cannot be read; sending the "
        "command again sets the same password again and does no harm"
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
