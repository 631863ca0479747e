"""Commands that set a value: setting it again changes nothing, so after an unknown outcome they are repeated."""

from messages.commands import DisableCustomer, RotateCredential
from worker.domain.provider import Provider
from worker.domain.results import Outcome, Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, Unprovable


def disable_customer(provider: Provider, command: DisableCustomer, attempt: Attempt) -> Success:
    """Stop the customer from sending; a last look reads whether it still may."""
    if attempt.may_write:
        provider.disable(command)
        return Success(Outcome.APPLIED, {})
    row = provider.find(command.username)
    if row is None or not row.disabled:
        raise NotApplied(f"customer {command.username} is not listed as disabled, and no attempts are left")
    return Success(Outcome.ALREADY_APPLIED, {})


def rotate_credential(provider: Provider, command: RotateCredential, attempt: Attempt) -> Success:
    """Set the credential's password; the provider cannot be asked whether it is set."""
    if not attempt.may_write and not attempt.begun:
        raise NotApplied(f"credential {command.credential_name} was not changed, and no attempts are left")
    if not attempt.may_write:
        raise Unprovable(
            f"whether credential {command.credential_name} of {command.username} has the new password cannot be read; "
            "replaying the command sets the same password again and does no harm"
        )
    provider.edit_credential(command)
    return Success(Outcome.APPLIED, {"credential_name": command.credential_name})
