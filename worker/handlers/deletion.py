"""DeleteCustomer: the effect of a repeat is the same, but its answer is a refusal.

So a refusal says little once an earlier attempt may have been applied. What the provider's words hint at is believed
only together with what the list shows.
"""

from enum import StrEnum

from messages.commands import DeleteCustomer
from messages.results import Outcome
from worker.domain.ports import Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, RefusalHint, Rejected, Unprovable
from worker.handlers.evidence import certainly_first, look


class _Noted(StrEnum):
    """Whether the customer was listed before the first write; UNCLEAR: not, but earlier attempts are not all known."""

    LISTED = "listed"
    ABSENT = "absent"
    UNCLEAR = "unclear"


def delete_customer(provider: Provider, ledger: Ledger, command: DeleteCustomer, attempt: Attempt) -> Success:
    """Close the account once, and distinguish what it closed from what was never there.

    Whether the customer is listed is written down before the first write. A command without a note has never written.
    The provider's answer is the success: it may list a deleted customer for some time.
    """
    if not attempt.may_write:
        return _look_last(provider, command, attempt)
    if attempt.note is None:
        ledger.note(attempt.token, _sight(provider, command, attempt))
    try:
        # Also without the customer in the list the provider itself is asked: one wrong list must not decide.
        provider.apply(command)
    except Rejected as refused:
        return _after_refusal(provider, command, attempt, refused)
    return Success(Outcome.APPLIED, {})


def _sight(provider: Provider, command: DeleteCustomer, attempt: Attempt) -> _Noted:
    if _is_listed(provider, command, attempt):
        return _Noted.LISTED
    return _Noted.ABSENT if attempt.remembered else _Noted.UNCLEAR


def _look_last(provider: Provider, command: DeleteCustomer, attempt: Attempt) -> Success:
    if attempt.note is None:
        raise NotApplied(f"the deletion of {command.username} was never sent, and no attempts are left")
    if _is_listed(provider, command, attempt):
        raise Unprovable(
            f"customer {command.username} is still in the provider's list, which may show a deleted one until its "
            "billing cycle ends; look at the provider's account before you do anything about the command"
        )
    if attempt.note == _Noted.ABSENT:
        raise NotApplied(f"customer {command.username} was never in the provider's list, and no attempts are left")
    return _gone(command, attempt.note, "no attempts are left")


def _after_refusal(provider: Provider, command: DeleteCustomer, attempt: Attempt, refused: Rejected) -> Success:
    if certainly_first(attempt) or (attempt.begun and attempt.note is None):
        raise _named_by_its_hint(command, refused) from refused
    if _is_listed(provider, command, attempt):
        raise Unprovable(
            f"deleting customer {command.username} was refused after an earlier attempt may have done it and it is "
            f"still listed; look at the provider's account before you do anything about the command: "
            f"{refused.detail}",
            refused.errors,
        )
    if attempt.note == _Noted.ABSENT:
        raise _nothing_to_delete(command, refused) from refused
    return _gone(command, attempt.note if attempt.begun else None, refused.detail, refused.errors)


def _is_listed(provider: Provider, command: DeleteCustomer, attempt: Attempt) -> bool:
    return look(provider, command.username, attempt) is not None


def _gone(command: DeleteCustomer, noted: str | None, why: str, errors: tuple[str, ...] = ()) -> Success:
    if noted != _Noted.LISTED:
        raise Unprovable(
            f"customer {command.username} is gone, but it cannot be proven that this command deleted it: {why}", errors
        )
    return Success(Outcome.ALREADY_APPLIED, {})


def _named_by_its_hint(command: DeleteCustomer, refused: Rejected) -> Rejected:
    return _nothing_to_delete(command, refused) if refused.hint is RefusalHint.NOT_FOUND else refused


def _nothing_to_delete(command: DeleteCustomer, refused: Rejected) -> Rejected:
    words = f"there is nothing to delete: the provider has no customer {command.username} of ours ({refused.detail})"
    return Rejected(words, refused.errors, refused.hint)
