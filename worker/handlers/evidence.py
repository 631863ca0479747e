"""What all handlers share: what an attempt knows, looks at the provider's list, and what a row of it proves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from worker.domain.ports import CustomerRow, Provider
from worker.domain.texts.comparison import is_altered, same_in_any_case, same_text, spellings
from worker.domain.work import Attempt
from worker.errors import (
    NotApplied,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unprovable,
    Unsupported,
)

_IN_ANY_CASE = frozenset({"username", "email"})
HARMLESS = "sending the command again sets the same values again and does no harm"


@dataclass(frozen=True, slots=True)
class _Compared:
    """The names of the values wanted that are otherwise, and of those that cannot be read, or only in another case."""

    differing: tuple[str, ...]
    unread: tuple[str, ...]


def certainly_first(attempt: Attempt) -> bool:
    """Whether nothing of this command can have reached the provider before: then a refusal is the whole answer."""
    return attempt.remembered and not attempt.begun


def is_whole_answer(refused: Rejected, attempt: Attempt) -> bool:
    """Whether a refused write is final: no earlier attempt of this command can have had an effect.

    What the login cannot do at all it could not do earlier either: a ledger belongs to one login of one edition.
    """
    return certainly_first(attempt) or isinstance(refused, Unsupported)


@contextmanager
def reading(attempt: Attempt, subject: str) -> Iterator[None]:
    """Run a read inside, whose failure must not look like a write of unknown outcome.

    It would count as begun, and the next attempt would take for this command's own what it has never done. `subject` is
    what is read, for people. A throttle stays one, so that its time is kept. A refusal is passed on: only the reader
    knows what it means.
    """
    try:
        yield
    except Throttled as throttled:
        throttled.nothing_written = not attempt.begun
        raise
    except OutcomeUnknown as failure:
        if attempt.begun:
            raise
        raise _without_an_answer(NotSent, subject, failure) from failure


def look_exactly(provider: Provider, username: str, attempt: Attempt) -> CustomerRow | None:
    """Read the customer of exactly that name; None when it is proven absent.

    Raises what `reading` does. A list that is refused is no refusal of the command, and no proof of anything.
    """
    with _reading_the_list(username, attempt):
        return provider.find(username)


def look(provider: Provider, username: str, attempt: Attempt) -> CustomerRow | None:
    """Read the customer that goes by that name in whatever spelling, the exact one if there is one; None for none.

    What is gone must be gone in all spellings: nobody knows in which one the provider keeps a name. Raises as
    `look_exactly` does, and Unprovable when something was begun and a row of the list names nobody: it may be the one.
    """
    near, nameless = None, False
    with _reading_the_list(username, attempt):
        for spelling in spellings(username):
            for row in provider.search({"username": spelling}):
                if row.username == username:
                    return row
                if same_in_any_case(row.username, username):
                    near = row
                nameless = nameless or row.names_nobody
            if near is not None:
                # The first search was for the name itself, so the exact one would have come by now.
                return near
    if nameless and attempt.begun:
        raise Unprovable(
            f"customer {username} is not in the provider's list, but an entry of that list names no customer and may "
            "be this one; look at the provider's account before you do anything about the command"
        )
    return None


@contextmanager
def _reading_the_list(username: str, attempt: Attempt) -> Iterator[None]:
    subject = f"the list with customer {username}"
    try:
        with reading(attempt, subject):
            yield
    except Rejected as refused:
        raise _without_an_answer(OutcomeUnknown if attempt.begun else NotSent, subject, refused) from refused


def _without_an_answer(kind: type[ProviderError], subject: str, failure: ProviderError) -> ProviderError:
    error = kind(f"{subject} cannot be read: {failure.detail}", failure.errors)
    error.login = failure.login
    error.retry_after_seconds, error.waits_for_all = failure.retry_after_seconds, failure.waits_for_all
    return error


def prove(row: CustomerRow | None, username: str, wanted: Mapping[str, str]) -> None:
    """Return when the row has every value wanted: the last look of a command that sets values.

    Raises NotApplied when something that can be read has another value, Unprovable when what can be read agrees and
    something cannot be read, or only in another case.
    """
    if row is None:
        raise NotApplied(f"customer {username} is not in the provider's list, and no attempts are left")
    compared = _compare(row, wanted)
    if compared.differing:
        fields = ", ".join(compared.differing)
        raise NotApplied(f"customer {username} is listed with other values in: {fields}; no attempts are left")
    if compared.unread:
        raise _unreadable(username, compared.unread)


def prove_before_refusal(
    row: CustomerRow | None, username: str, wanted: Mapping[str, str], attempt: Attempt, refused: Rejected
) -> None:
    """Return when an earlier attempt of this command set every value wanted, though a later one was refused.

    The time to settle is over by then: what reads otherwise did not happen, and the refusal stands; so it does when the
    customer is in the list in no case. Raises it, or Unprovable where the list does not show it.
    """
    if row is None:
        raise refused
    compared = _compare(row, wanted)
    if compared.differing:
        raise refused
    if compared.unread:
        raise _unreadable(username, compared.unread, refused)
    if not attempt.begun:
        raise Unprovable(
            f"customer {username} is as the command asks, but it cannot be proven that this command did it; "
            f"{HARMLESS}: {refused.detail}",
            refused.errors,
        )


def _unreadable(username: str, unread: tuple[str, ...], refused: Rejected | None = None) -> Unprovable:
    fields = ", ".join(unread)
    words = f"whether {fields} of customer {username} was set cannot be read from the provider's list; {HARMLESS}"
    return Unprovable(f"{words}: {refused.detail}", refused.errors) if refused else Unprovable(words)


def _compare(row: CustomerRow, wanted: Mapping[str, str]) -> _Compared:
    # A flag that says neither true nor false says nothing, nor does a text that could not be read as it came.
    flags = {"active": row.active, "website_access": row.website_access}
    legible = {
        name: value for name, value in row.fields.items() if flags.get(name, True) is not None and not is_altered(value)
    }
    return _Compared(
        differing=tuple(name for name in wanted if not same_in_any_case(legible.get(name, wanted[name]), wanted[name])),
        unread=tuple(name for name in wanted if name not in legible or not _is_same(name, legible[name], wanted[name])),
    )


def _is_same(name: str, listed: str, wanted: str) -> bool:
    # Only these are the same in any case; of anything else it cannot be known whether the new case was set.
    return (same_in_any_case if name in _IN_ANY_CASE else same_text)(listed, wanted)
