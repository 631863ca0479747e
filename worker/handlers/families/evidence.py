"""What all families share: how tries are told apart, and how to look at the provider without mistaking the look."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from worker.domain.provider import CustomerRow, Provider
from worker.domain.work import Attempt
from worker.errors import NotApplied, NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unprovable


def certainly_first(attempt: Attempt) -> bool:
    """Whether nothing of this command can have reached the provider before: then a refusal is the whole answer."""
    return attempt.remembered and not attempt.begun


@contextmanager
def reading(attempt: Attempt, subject: str) -> Iterator[None]:
    """Read something. A failure of the reading must not look like a write whose outcome is unknown.

    It would count as begun, and the next try would take for this command's own what it has never done. `subject` is
    what is read, for people. A refusal is passed on: only the reader knows what it means.
    """
    try:
        yield
    except (OutcomeUnknown, Throttled) as failure:
        if attempt.begun:
            raise
        raise _without_an_answer(NotSent, subject, failure) from failure


def look(provider: Provider, username: str, attempt: Attempt) -> CustomerRow | None:
    """Read the customer of exactly that name; None when it is proven absent.

    Raises what `reading` does. A list that is refused is no refusal of the command, and no proof of anything.
    """
    with _reading_the_list(username, attempt):
        return provider.find(username)


def is_listed(provider: Provider, username: str, attempt: Attempt) -> bool:
    """Whether somebody goes by that name in whatever case: what is gone must be gone in all. Raises as `look` does."""
    with _reading_the_list(username, attempt):
        return any(row.username.lower() == username.lower() for row in provider.search({"username": username}))


def prove(row: CustomerRow | None, username: str, wanted: Mapping[str, str]) -> None:
    """Return when the row has every value wanted: the last look of a command that sets values.

    Raises NotApplied when something that can be read has another value, Unprovable when what can be read agrees and
    something cannot be read.
    """
    if row is None:
        raise NotApplied(f"customer {username} is not in the provider's list, and no attempts are left")
    legible = _legible(row)
    differing = [name for name, value in wanted.items() if legible.get(name, value) != value]
    if differing:
        fields = ", ".join(differing)
        raise NotApplied(f"customer {username} is listed with other values in: {fields}; no attempts are left")
    unread = [name for name in wanted if name not in legible]
    if unread:
        raise Unprovable(
            f"whether {', '.join(unread)} of customer {username} was set cannot be read from the provider's list; "
            "replaying the command sets the same values again and does no harm"
        )


@contextmanager
def _reading_the_list(username: str, attempt: Attempt) -> Iterator[None]:
    subject = f"the list with customer {username}"
    try:
        with reading(attempt, subject):
            yield
    except Rejected as refused:
        raise _without_an_answer(OutcomeUnknown if attempt.begun else NotSent, subject, refused) from refused


def _legible(row: CustomerRow) -> dict[str, str]:
    # A flag that says neither true nor false says nothing.
    flags = {"active": row.active, "website_access": row.website_access}
    return {name: value for name, value in row.fields.items() if flags.get(name, True) is not None}


def _without_an_answer(kind: type[ProviderError], subject: str, failure: ProviderError) -> ProviderError:
    error = kind(f"{subject} cannot be read: {failure.detail}", failure.errors)
    error.waited_seconds = failure.waited_seconds
    return error
