"""What a row of the provider's list proves about values that a command sets."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain.provider import CustomerRow
from worker.domain.spelling import is_altered, same_in_any_case, same_text
from worker.domain.work import Attempt
from worker.errors import NotApplied, Rejected, Unprovable

_IN_ANY_CASE = frozenset({"username", "email"})
HARMLESS = "sending the command again sets the same values again and does no harm"


@dataclass(frozen=True, slots=True)
class _Compared:
    """The names of the values wanted that are otherwise, and of those that cannot be read, or only in another case."""

    differing: tuple[str, ...]
    unread: tuple[str, ...]


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
