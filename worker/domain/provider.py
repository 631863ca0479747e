"""The provider as the handlers see it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from messages.commands import Command
from worker.domain.spelling import is_altered, same_in_any_case

#: What the provider lists of a customer and a command may set (`company` and others can be set, never read).
READABLE_FIELDS = (
    "username",
    "email",
    "first_name",
    "last_name",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "website",
)
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer as the provider lists it. All values are texts."""

    fields: Mapping[str, str]

    @property
    def username(self) -> str:
        """Its name, exactly as the provider spells it; empty for a row that names nobody."""
        return self.fields.get("username", "")

    @property
    def names_nobody(self) -> bool:
        """Whether it has no name that can be compared with another: then it may be anybody's row."""
        return not self.username or is_altered(self.username)

    @property
    def active(self) -> bool | None:
        """Whether it may send; None when the list does not say."""
        return _FLAGS.get(self.fields.get("active", ""))

    @property
    def website_access(self) -> bool | None:
        """Whether it may log in on the website; None when the list does not say, as the documented one never does."""
        return _FLAGS.get(self.fields.get("website_access", ""))

    def differences(self, wanted: Mapping[str, object]) -> tuple[str, ...]:
        """The readable fields among those wanted in which the row has another value, and not only another spelling."""
        named = (name for name in READABLE_FIELDS if name in wanted)
        return tuple(name for name in named if not self._has(name, str(wanted[name])))

    def _has(self, name: str, value: str) -> bool:
        return name in self.fields and same_in_any_case(self.fields[name], value)


class Provider(Protocol):
    """The provider's customer API. Each call raises a ProviderError when it did not succeed."""

    def apply(self, command: Command) -> None:
        """Make the one change that the command asks for, in one call; the read-only commands have none.

        A create is not idempotent: a second one of a username is rejected. So are a rename, and adding or removing a
        credential. Deleting and all commands that set a value change nothing when repeated, but a second delete is
        rejected. What this login cannot do at all (credentials in the distributor edition, v3 without a key) is
        Unsupported, without a call.
        """

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username. None only when the whole list was read and it was not there."""

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer that matches all filters in the provider's own sense, each once, in the provider's order.

        Pages are read as the rows are asked for; the rows end only when the whole list was read. A question that
        cannot be answered is an OutcomeUnknown, or a Rejected when the provider refuses it.
        """

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on, as the provider itself says; reads only.

        Never the reseller's own: when the answer is the username of the key itself, it is a Rejected.
        """

    def probe(self) -> None:
        """A call that concerns no customer: succeeds when the provider is there and accepts our login."""

    def probe_v3(self) -> None:
        """The same of the v3 API and its key."""
