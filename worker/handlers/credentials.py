"""Credentials are never listed: what became of an earlier attempt shows only in how another write is answered.

Whether one that is there is ours is found out by setting its password. That one is gone is believed when a repeated
removal is refused with the provider's words for it, together with what the list shows of the customer.
"""

from messages.commands import AddCredential, RemoveCredential, RotateCredential
from messages.results import Outcome
from worker.domain.ports import Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import RefusalHint, Rejected, Unprovable
from worker.handlers.evidence import is_whole_answer, look


def add_credential(provider: Provider, ledger: Ledger, command: AddCredential, attempt: Attempt) -> Success:
    """Add the credential. Refused after an earlier attempt may have added it, it gets its password once more."""
    if not attempt.may_write:
        raise _unprovable(command, "it cannot be read, and no attempts are left")
    try:
        provider.apply(command)
    except Rejected as refused:
        if is_whole_answer(refused, attempt):
            raise
        if not attempt.begun:
            raise _unprovable(command, refused.detail, refused.errors) from refused
        if ledger.later_applied(command.username, attempt.token):
            # It may have given the credential a newer password, which the proof would undo.
            why = f"a later command about this customer has been applied meanwhile: {refused.detail}"
            raise _unprovable(command, why, refused.errors) from refused
        return _prove_ours(provider, command, refused)
    return Success(Outcome.APPLIED)


def _prove_ours(provider: Provider, command: AddCredential, refused: Rejected) -> Success:
    # Names are shared by everybody at the provider. That the password can be set proves that this one is the customer's
    # own, and leaves it with the password that was asked for.
    same = RotateCredential(
        username=command.username,
        credential_name=command.credential_name,
        new_credential_password=command.credential_password,
    )
    try:
        provider.apply(same)
    except Rejected as not_ours:
        raise Rejected(
            f"credential {command.credential_name} was refused, and it is none of {command.username}'s own: "
            f"{refused.detail}; {not_ours.detail}",
            (*refused.errors, *not_ours.errors),
        ) from not_ours
    return Success(Outcome.ALREADY_APPLIED)


def remove_credential(provider: Provider, command: RemoveCredential, attempt: Attempt) -> Success:
    """Take a login away. Credentials are never listed: only a repeat can show that an earlier attempt was applied."""
    if not attempt.may_write:
        raise _unprovable(command, "it cannot be read, and no attempts are left")
    try:
        provider.apply(command)
    except Rejected as refused:
        if is_whole_answer(refused, attempt):
            raise
        if _was_removed(provider, command, attempt, refused):
            return Success(Outcome.ALREADY_APPLIED)
        raise _unprovable(command, refused.detail, refused.errors) from refused
    return Success(Outcome.APPLIED)


def _was_removed(provider: Provider, command: RemoveCredential, attempt: Attempt, refused: Rejected) -> bool:
    # "Not found" may also be said of the customer, so it must be there.
    sounds_removed = attempt.begun and refused.hint is RefusalHint.NOT_FOUND
    return sounds_removed and look(provider, command.username, attempt) is not None


def _unprovable(command: AddCredential | RemoveCredential, why: str, errors: tuple[str, ...] = ()) -> Unprovable:
    named = f"credential {command.credential_name} of {command.username}"
    done = "added" if isinstance(command, AddCredential) else "removed"
    return Unprovable(f"whether {named} was {done} by this command cannot be proven: {why}", errors)
