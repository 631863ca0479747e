"""CreateCustomer: the one command that must not simply be repeated.

The provider takes no idempotency key. What makes a create safe is that a username can exist only once: after an
unknown outcome the list is read, and what is found there decides between adopting, creating and giving up.
"""

from collections.abc import Iterable

from messages.commands import ChangePassword, CreateCustomer
from messages.results import Outcome
from worker.domain.ports import CustomerRow, Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.texts.comparison import is_altered
from worker.domain.work import Attempt
from worker.errors import NotApplied, ProviderError, Rejected, Unprovable
from worker.handlers.evidence import certainly_first, look

_IDENTITY = frozenset({"email", "first_name", "last_name"})
_APPLIED = Success(Outcome.APPLIED, {})
_FOUND = Success(Outcome.ALREADY_APPLIED, {})


def create_customer(provider: Provider, ledger: Ledger, command: CreateCustomer, attempt: Attempt) -> Success:
    """Create a customer once. Raises NotApplied, or a ProviderError, when this attempt did not succeed.

    By the time an attempt is `begun`, the wait that lets a late create settle is over.
    """
    if attempt.begun:
        row = look(provider, command.username, attempt)
        if row is not None:
            return _judge(provider, ledger, row, command, attempt)
    if not attempt.may_write:
        raise NotApplied(f"customer {command.username} is not in the provider's list, and no attempts are left")
    return _create(provider, ledger, command, attempt)


def _create(provider: Provider, ledger: Ledger, command: CreateCustomer, attempt: Attempt) -> Success:
    try:
        provider.apply(command)
    except Rejected:
        # A refused repeat may mean "taken", by our own create that was applied late. The text is no proof: look.
        if certainly_first(attempt):
            raise
        row = look(provider, command.username, attempt)
        if row is None:
            raise
        return _judge(provider, ledger, row, command, attempt)
    return _APPLIED


def _judge(provider: Provider, ledger: Ledger, row: CustomerRow, command: CreateCustomer, attempt: Attempt) -> Success:
    differences = row.differences(command.revealed())
    if differences:
        raise _differing(row, command, attempt, differences)
    # Another command may have created it under the spelling that is listed, and not under this one's.
    names = dict.fromkeys((command.username, row.username))
    if not attempt.begun or any(ledger.other_create(name, attempt.token) for name in names):
        raise Unprovable(
            f"customer {command.username} exists with the same fields, but it cannot be proven that this command "
            "created it; compare the provider's account with the command before you do anything about it"
        )
    return _adopt(provider, ledger, command, attempt, names)


def _adopt(
    provider: Provider, ledger: Ledger, command: CreateCustomer, attempt: Attempt, names: Iterable[str]
) -> Success:
    # The password cannot be compared, so it is set, unless a later command may have given the customer a newer one.
    if attempt.may_write and not any(ledger.later_applied(name, attempt.token) for name in names):
        _set_password(provider, command)
    return _FOUND


def _set_password(provider: Provider, command: CreateCustomer) -> None:
    try:
        provider.apply(ChangePassword(username=command.username, password=command.password))
    except Rejected as refused:
        raise Unprovable(
            f"customer {command.username} exists as the command asked, but whether it has the password cannot be "
            f"read, and setting it once more was refused: {refused.detail}",
            refused.errors,
        ) from refused


def _differing(
    row: CustomerRow, command: CreateCustomer, attempt: Attempt, differences: tuple[str, ...]
) -> ProviderError:
    fields = ", ".join(differences)
    certain = {name for name in differences if name in row.fields and not is_altered(row.fields[name])}
    if row.username != command.username or not certain or (attempt.begun and not _IDENTITY.issubset(certain)):
        # It may well be ours, with values that the provider has changed or shortened, or that cannot be read.
        same = "same e-mail address and names, and " if _IDENTITY.isdisjoint(differences) else ""
        return Unprovable(
            f"customer {row.username} exists with the {same}other values in: {fields}; compare the provider's account "
            f"with the command for {command.username} before you do anything about it"
        )
    return Rejected(f"username {command.username} is taken by a customer with other values in: {fields}")
