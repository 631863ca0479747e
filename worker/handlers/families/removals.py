"""Commands that take something away: the effect of a repeat is the same, but its answer is a refusal.

So a refusal says little once an earlier attempt may have been applied. What the provider's words hint at is believed
only together with what the list shows.
"""

from enum import StrEnum

from messages.commands import DeleteCustomer, RemoveCredential
from messages.outcomes import Outcome
from worker.domain.ports import Ledger
from worker.domain.provider import Provider
from worker.domain.results import Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, RefusalHint, Rejected, Unprovable
from worker.handlers.families.evidence import certainly_first, is_whole_answer, look


class _Noted(StrEnum):
    """Whether the customer was listed before the first write; UNCLEAR: not, but earlier attempts are not all known."""

    LISTED = "listed"
    ABSENT = "absent"
    UNCLEAR = "unclear"


class DeleteHandler:
    """Closes an account once, and distinguishes what it closed from what was never there.

    Whether the customer is listed is written down before the first write. A command without a note has never written.
    """

    def __init__(self, provider: Provider, ledger: Ledger) -> None:
        self._provider = provider
        self._ledger = ledger

    def handle(self, command: DeleteCustomer, attempt: Attempt) -> Success:
        """Close the account. The provider's answer is the success: it may list a deleted customer for some time."""
        if not attempt.may_write:
            return self._look_last(command, attempt)
        if attempt.note is None:
            self._ledger.note(attempt.token, self._sight(command, attempt))
        try:
            # Also without the customer in the list the provider itself is asked: one wrong list must not decide.
            self._provider.apply(command)
        except Rejected as refused:
            return self._after_refusal(command, attempt, refused)
        return Success(Outcome.APPLIED, {})

    def _sight(self, command: DeleteCustomer, attempt: Attempt) -> _Noted:
        if self._is_listed(command, attempt):
            return _Noted.LISTED
        return _Noted.ABSENT if attempt.remembered else _Noted.UNCLEAR

    def _look_last(self, command: DeleteCustomer, attempt: Attempt) -> Success:
        if attempt.note is None:
            raise NotApplied(f"the deletion of {command.username} was never sent, and no attempts are left")
        if self._is_listed(command, attempt):
            raise Unprovable(
                f"customer {command.username} is still in the provider's list, which may show a deleted one until its "
                "billing cycle ends; look at the provider's account before you do anything about the command"
            )
        if attempt.note == _Noted.ABSENT:
            raise NotApplied(f"customer {command.username} was never in the provider's list, and no attempts are left")
        return _gone(command, attempt.note, "no attempts are left")

    def _after_refusal(self, command: DeleteCustomer, attempt: Attempt, refused: Rejected) -> Success:
        if certainly_first(attempt) or (attempt.begun and attempt.note is None):
            raise _named_by_its_hint(command, refused) from refused
        if self._is_listed(command, attempt):
            raise Unprovable(
                f"deleting customer {command.username} was refused after an earlier attempt may have done it and it is "
                f"still listed; look at the provider's account before you do anything about the command: "
                f"{refused.detail}",
                refused.errors,
            )
        if attempt.note == _Noted.ABSENT:
            raise _nothing_to_delete(command, refused) from refused
        return _gone(command, attempt.note if attempt.begun else None, refused.detail, refused.errors)

    def _is_listed(self, command: DeleteCustomer, attempt: Attempt) -> bool:
        return look(self._provider, command.username, attempt) is not None


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


def _unprovable(command: RemoveCredential, why: str, errors: tuple[str, ...] = ()) -> Unprovable:
    named = f"credential {command.credential_name} of {command.username}"
    return Unprovable(f"whether {named} was removed by this command cannot be proven: {why}", errors)
