"""Commands that take something away: the effect of a repeat is the same, but its answer is a refusal.

So a refusal says little once an earlier try may have been applied. What the provider's words hint at is believed only
together with what the list shows.
"""

from messages.commands import DeleteCustomer, RemoveCredential
from worker.domain.provider import Provider
from worker.domain.results import Outcome, Success
from worker.domain.work import Attempt
from worker.errors import RefusalHint, Rejected, Unprovable
from worker.handlers.families.evidence import certainly_first, is_listed


def delete_customer(provider: Provider, command: DeleteCustomer, attempt: Attempt) -> Success:
    """Close the account. The provider's answer is the success: it may list a deleted customer for some time."""
    if not attempt.may_write:
        if is_listed(provider, command.username, attempt):
            raise Unprovable(
                f"customer {command.username} is still in the provider's list, which may show a deleted one until its "
                "billing cycle ends; look at the provider's account before you replay or discard the command"
            )
        return Success(Outcome.ALREADY_APPLIED, {})
    try:
        provider.apply(command)
    except Rejected as refused:
        return _after_refused_delete(provider, command, attempt, refused)
    return Success(Outcome.APPLIED, {})


def _after_refused_delete(provider: Provider, command: DeleteCustomer, attempt: Attempt, refused: Rejected) -> Success:
    if certainly_first(attempt):
        raise _named_by_its_hint(command, refused) from refused
    if is_listed(provider, command.username, attempt):
        raise Unprovable(
            f"deleting customer {command.username} was refused after an earlier try may have done it, and it is still "
            f"listed; look at the provider's account before you replay or discard the command: {refused.detail}",
            refused.errors,
        )
    if not attempt.begun:
        raise Unprovable(
            f"customer {command.username} is gone, but it cannot be proven that this command deleted it: "
            f"{refused.detail}",
            refused.errors,
        )
    return Success(Outcome.ALREADY_APPLIED, {})


def _named_by_its_hint(command: DeleteCustomer, refused: Rejected) -> Rejected:
    if refused.hint is not RefusalHint.NOT_FOUND:
        return refused
    words = f"there is nothing to delete: the provider has no customer {command.username} of ours ({refused.detail})"
    return Rejected(words, refused.errors, refused.hint)


def remove_credential(provider: Provider, command: RemoveCredential, attempt: Attempt) -> Success:
    """Take a login away. Credentials are never listed: only a repeat can show that an earlier try was applied."""
    added = {"credential_name": command.credential_name}
    if not attempt.may_write:
        raise _unprovable(command, "it cannot be read, and no attempts are left")
    try:
        provider.apply(command)
    except Rejected as refused:
        if certainly_first(attempt):
            raise
        if _was_removed(provider, command, attempt, refused):
            return Success(Outcome.ALREADY_APPLIED, added)
        raise _unprovable(command, refused.detail, refused.errors) from refused
    return Success(Outcome.APPLIED, added)


def _was_removed(provider: Provider, command: RemoveCredential, attempt: Attempt, refused: Rejected) -> bool:
    # "Not found" may also be said of the customer, so it must be there.
    sounds_removed = attempt.begun and refused.hint is RefusalHint.NOT_FOUND
    return sounds_removed and is_listed(provider, command.username, attempt)


def _unprovable(command: RemoveCredential, why: str, errors: tuple[str, ...] = ()) -> Unprovable:
    named = f"credential {command.credential_name} of {command.username}"
    return Unprovable(f"whether {named} was removed by this command cannot be proven: {why}", errors)
