"""ChangeUsername: the name by which the command finds its customer is the very thing that it changes.

A repeat is refused, because nobody goes by the old name any more; and a customer found under the new name may be
somebody else. So a mark of who goes by the old name is written down before the first write, and compared later.
A command without a note has never written.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from messages.commands import ChangeUsername
from messages.results import Outcome
from worker.domain.ports import CustomerRow, Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.texts.comparison import same_in_any_case
from worker.domain.work import Attempt
from worker.errors import NotApplied, Rejected, Unprovable
from worker.handlers.evidence import certainly_first, look, look_exactly

_IDENTITY = ("id", "email", "first_name", "last_name")
#: Written down when the old name was not found, or nothing of its owner could be read: equal to no customer's mark.
_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class _Sighting:
    old: CustomerRow | None
    new: CustomerRow | None


def change_username(provider: Provider, ledger: Ledger, command: ChangeUsername, attempt: Attempt) -> Success:
    """Give a customer its new username once, after reading whether an earlier attempt did. Raises NotApplied."""
    if attempt.begun and attempt.note is not None:
        return _go_on(provider, ledger, command, attempt)
    if not attempt.may_write:
        raise NotApplied(f"the renaming of {command.username} was never sent, and no attempts are left")
    return _write(provider, ledger, command, attempt, _in_any_spelling(provider, command.username, attempt))


def _go_on(provider: Provider, ledger: Ledger, command: ChangeUsername, attempt: Attempt) -> Success:
    seen = _see(provider, command, attempt)
    is_waiting = seen.old is not None and seen.new is None
    # Of whom nothing was seen before, nothing can be recognised now: the provider itself is asked once more.
    if not is_waiting and not (attempt.note == _NOBODY and attempt.may_write):
        return _judge(command, seen, attempt.note)
    if not attempt.may_write:
        raise NotApplied(f"customer {command.username} still has its old username, and no attempts are left")
    return _write(provider, ledger, command, attempt, seen.old)


def _write(
    provider: Provider, ledger: Ledger, command: ChangeUsername, attempt: Attempt, row: CustomerRow | None
) -> Success:
    # Also without the old name in the list the provider itself is asked: one wrong list must not decide.
    mark = _mark(row)
    if mark != attempt.note:
        ledger.note(attempt.token, mark)
    try:
        provider.apply(command)
    except Rejected as refused:
        return _after_refusal(provider, command, attempt, refused)
    return Success(Outcome.APPLIED)


def _after_refusal(provider: Provider, command: ChangeUsername, attempt: Attempt, refused: Rejected) -> Success:
    if certainly_first(attempt):
        raise refused
    # An earlier attempt may have been applied late: then the old name is unknown now, and the new one there.
    seen = _see(provider, command, attempt)
    never_seen = not attempt.begun or attempt.note in {None, _NOBODY}
    if seen.old is not None or (never_seen and seen.new is None):
        raise refused
    return _judge(command, seen, attempt.note)


def _see(provider: Provider, command: ChangeUsername, attempt: Attempt) -> _Sighting:
    # Where the new name is but another spelling of the old one, both would find the same customer.
    is_respelled = same_in_any_case(command.username, command.new_username)
    see = look_exactly if is_respelled else _in_any_spelling
    # The new name first: a customer that is renamed between the two looks is then seen nowhere, not twice.
    new = see(provider, command.new_username, attempt)
    return _Sighting(see(provider, command.username, attempt), new)


def _in_any_spelling(provider: Provider, username: str, attempt: Attempt) -> CustomerRow | None:
    return look_exactly(provider, username, attempt) or look(provider, username, attempt)


def _judge(command: ChangeUsername, seen: _Sighting, noted: str | None) -> Success:
    names = f"{command.username} to {command.new_username}"
    if seen.new is None:
        raise Unprovable(
            f"neither the old nor the new username is in the provider's list after renaming {names}: the customer may "
            "be lost; look at the provider's account now, before anything else is done for this customer"
        )
    if seen.old is not None:
        raise Rejected(
            f"username {command.new_username} is taken by another customer; {command.username} keeps its own"
        )
    mark = _mark(seen.new)
    if mark == _NOBODY or mark != noted:
        raise Unprovable(
            f"customer {command.new_username} exists and {command.username} does not, but it cannot be proven that it "
            f"is the one this command renamed from {names}; compare the provider's account with the command"
        )
    return Success(Outcome.ALREADY_APPLIED)


def _mark(row: CustomerRow | None) -> str:
    """A digest of what stays with a customer when its name changes: nothing personal is written down."""
    stays = {name: row.fields[name] for name in _IDENTITY if name in row.fields} if row else {}
    return sha256(json.dumps(stays, sort_keys=True).encode()).hexdigest() if stays else _NOBODY
