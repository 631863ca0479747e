"""Commands that set a value: setting it again changes nothing, so after an unknown outcome they are repeated."""

from messages.commands import ChangePassword, RotateCredential, SetCommand
from messages.results import Outcome
from worker.domain.ports import Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import Rejected, Unprovable
from worker.handlers.evidence import is_whole_answer, look, prove, prove_before_refusal

PasswordCommand = ChangePassword | RotateCredential


def set_listed(provider: Provider, command: SetCommand, attempt: Attempt) -> Success:
    """Set what the provider lists; a last look, or one after a refused repeat, reads whether it is as asked."""
    if not attempt.may_write:
        prove(look(provider, command.username, attempt), command.username, command.listed())
        return Success(Outcome.ALREADY_APPLIED)
    try:
        provider.apply(command)
    except Rejected as refused:
        if is_whole_answer(refused, attempt):
            raise
        row = look(provider, command.username, attempt)
        prove_before_refusal(row, command.username, command.listed(), attempt, refused)
        return Success(Outcome.ALREADY_APPLIED)
    return Success(Outcome.APPLIED)


def set_password(provider: Provider, command: PasswordCommand, attempt: Attempt) -> Success:
    """Set a customer's password, or a credential's; the provider cannot be asked whether it is set."""
    if not attempt.may_write:
        raise Unprovable(_unread_password(command))
    try:
        provider.apply(command)
    except Rejected as refused:
        # Of a customer that is not there no password was changed.
        if is_whole_answer(refused, attempt) or look(provider, command.username, attempt) is None:
            raise
        raise Unprovable(f"{_unread_password(command)}: {refused.detail}", refused.errors) from refused
    return Success(Outcome.APPLIED)


def _unread_password(command: PasswordCommand) -> str:
    owner = f"credential {command.credential_name} of " if isinstance(command, RotateCredential) else ""
    return (
        f"whether {owner}{command.username} has the new password cannot be read; sending the "
        "command again sets the same password again and does no harm"
    )
