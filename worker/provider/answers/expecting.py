"""What a good answer to each kind of call looks like. Whatever else comes back is a failure, or may have happened."""

from collections.abc import Mapping

from worker.domain.provider import CustomerRow
from worker.errors import OutcomeUnknown, ProviderLogin, Unprovable
from worker.provider.answers.failures import failure, has_errors, says_success, tells_nothing
from worker.provider.answers.parsing import parsed
from worker.provider.answers.texts import texts_of
from worker.provider.wire.transport import Answer

#: Without 202: what was merely accepted may still happen.
_GOOD = frozenset(range(200, 300)) - {202}
_PROFILE_FIELDS = frozenset(
    {
        "address",
        "address2",
        "city",
        "company",
        "country",
        "first_name",
        "last_name",
        "phone",
        "state",
        "website",
        "zip",
    }
)


def expect_success(answer: Answer) -> None:
    """Return when the provider says it was done: a `message` that is exactly `success`, and no errors.

    Raises the ProviderError that anything else means.
    """
    said = parsed(answer.body)
    if isinstance(said, dict) and says_success(said) and not has_errors(said) and not tells_nothing(answer.status):
        return
    raise failure(answer, said)


def expect_rows(answer: Answer) -> list[CustomerRow]:
    """The customers of a list; an object here is an error, never an empty list."""
    said = parsed(answer.body)
    # An empty list is taken as proof that a customer is absent: one that comes with an error's status proves nothing.
    if isinstance(said, list) and answer.status in _GOOD:
        return [_row(entry) for entry in said]
    raise failure(answer, said)


def expect_profile(answer: Answer, sent: Mapping[str, str]) -> None:
    """Return when the profile that comes back shows every field as it was sent: the answer is its own read-back.

    Raises Unprovable, naming the fields, when it is a profile that shows one of them otherwise or not at all.
    """
    said = parsed(answer.body)
    if not (isinstance(said, dict) and answer.status in _GOOD and not _PROFILE_FIELDS.isdisjoint(said)):
        raise failure(answer, said, ProviderLogin.V3)
    if has_errors(said):
        raise OutcomeUnknown("the provider's answer is a profile and an error at once", texts_of(said))
    other = [name for name, value in sent.items() if not _shows(said, name, value)]
    if other:
        raise Unprovable(
            f"the provider accepted the change, but shows other values for {', '.join(other)} than were sent; "
            "look at the profile before the command is sent again"
        )


def expect_username(answer: Answer) -> str:
    """The username that a v3 call acts on."""
    said = parsed(answer.body)
    if isinstance(said, dict) and answer.status in _GOOD and not has_errors(said):
        username = said.get("username")
        if isinstance(username, str) and username:
            return username
    raise failure(answer, said, ProviderLogin.V3)


def _row(entry: object) -> CustomerRow:
    if not isinstance(entry, dict) or not isinstance(entry.get("username"), str):
        # Passing over it would make the list look shorter, and a customer that is in it look absent.
        raise OutcomeUnknown("an entry of the provider's list names no customer, so the list proves nothing")
    return CustomerRow({name: value for name, value in entry.items() if isinstance(value, str)})


def _shows(profile: Mapping[str, object], name: str, value: str) -> bool:
    # What was cleared may come back as null.
    return profile.get(name) == value or (not value and name in profile and profile[name] is None)
