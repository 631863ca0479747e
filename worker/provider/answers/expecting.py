"""What a good answer to each kind of call looks like. Whatever else comes back is a failure, or may have happened."""

from collections.abc import Mapping

from worker.domain.ports import CustomerRow
from worker.domain.texts.comparison import same_text
from worker.errors import OutcomeUnknown, ProviderLogin, Unprovable
from worker.provider.answers.failures import failure, has_errors, proves_nothing, says_success
from worker.provider.answers.parsing import listed, parsed
from worker.provider.answers.texts import text_of, texts_of
from worker.provider.wire.transport import HttpAnswer

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


def expect_success(answer: HttpAnswer) -> None:
    """Return when the provider says it was done: a `message` that is exactly `success`, and no errors.

    Raises the ProviderError that anything else means.
    """
    said = parsed(answer.body)
    if isinstance(said, dict) and says_success(said) and not has_errors(said) and not proves_nothing(answer.status):
        return
    raise failure(answer, said)


def expect_rows(answer: HttpAnswer) -> list[CustomerRow]:
    """The customers of a list; an object here is an error, never an empty list."""
    entries = listed(answer.body)
    # An empty list is taken as proof that a customer is absent: one that comes with an error's status proves nothing.
    if entries is not None and answer.status in _GOOD:
        return [_row(entry) for entry in entries]
    raise failure(answer, parsed(answer.body))


def expect_profile(answer: HttpAnswer, sent: Mapping[str, str]) -> None:
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


def expect_username(answer: HttpAnswer) -> str:
    """The username that a v3 call acts on."""
    said = parsed(answer.body)
    if isinstance(said, dict) and answer.status in _GOOD and not has_errors(said):
        username = text_of(said.get("username"))
        if username:
            return username
    raise failure(answer, said, ProviderLogin.V3)


def _row(entry: object) -> CustomerRow:
    """A row with what can be read of the entry; one that names nobody stays in the list, which is no shorter for it."""
    fields = entry if isinstance(entry, dict) else {}
    texts = {name: text_of(value) for name, value in fields.items()}
    return CustomerRow({name: text for name, text in texts.items() if text is not None})


def _shows(profile: Mapping[str, object], name: str, value: str) -> bool:
    # What was cleared may come back as null.
    shown = text_of(profile[name]) if name in profile else None
    return shown is not None and same_text(shown, value)
