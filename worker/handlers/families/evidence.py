"""What all families share: how tries are told apart, and how to look at the provider without mistaking the look."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.domain.provider import CustomerRow, Provider
from worker.domain.spelling import same_in_any_case, spellings
from worker.domain.work import Attempt
from worker.errors import NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unprovable, Unsupported


def certainly_first(attempt: Attempt) -> bool:
    """Whether nothing of this command can have reached the provider before: then a refusal is the whole answer."""
    return attempt.remembered and not attempt.begun


def is_whole_answer(refused: Rejected, attempt: Attempt) -> bool:
    """Whether a refused write says all there is to know: no earlier attempt of this command can have done anything.

    What the login cannot do at all it could not do earlier either: a ledger belongs to one login of one edition.
    """
    return certainly_first(attempt) or isinstance(refused, Unsupported)


@contextmanager
def reading(attempt: Attempt, subject: str) -> Iterator[None]:
    """Read something. A failure of the reading must not look like a write whose outcome is unknown.

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
    """Read the customer that goes by that name in whatever spelling, the exact one if there is one; None for nobody.

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
