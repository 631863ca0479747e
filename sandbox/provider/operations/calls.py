"""A call as the provider sees it: its arguments, the operation it asks for, and what the operation may look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from urllib.parse import parse_qsl

from sandbox.provider.accounts.records import Customer, Reseller
from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.settings import Switches


class Edition(StrEnum):
    """The faces of the one API: two of the older, one of the newer; `none` is a path of no edition."""

    RESELLER = "reseller"
    DISTRIBUTOR = "distributor"
    V3 = "v3"
    NONE = "none"


class Format(StrEnum):
    """The format of an answer."""

    JSON = "json"
    XML = "xml"


class Operation(StrEnum):
    """The provider's operations; the last ones are the newer API's, and `unknown` is a call that names none of them."""

    ADD = "add"
    DELETE = "delete"
    RETRIEVE = "retrieve"
    ENABLE = "enable"
    DISABLE = "disable"
    WEBSITE_ENABLE = "website_enable"
    WEBSITE_DISABLE = "website_disable"
    SET_PROFILE = "set_profile"
    SET_PASSWORD = "set_password"  # noqa: S105 - an operation's name
    SET_USERNAME = "set_username"
    SET_EMAIL = "set_email"
    CREDENTIAL_ADD = "credential_add"
    CREDENTIAL_EDIT = "credential_edit"
    CREDENTIAL_DELETE = "credential_delete"
    USER_PROFILE_UPDATE = "user_profile_update"
    USER_PROFILE = "user_profile"
    USER_USERNAME = "user_username"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Form:
    """A call's arguments. `values` are the plain ones, `lists` those named with `[]`, under the name without it."""

    values: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """The argument's value; empty when it was not sent, as the provider does not distinguish the two."""
        return self.values.get(name, "")

    def all_of(self, name: str) -> tuple[str, ...]:
        """Every value of a list argument: `ip` for `ip[]=...&ip[]=...`. A bare `ip=` is another argument."""
        return self.lists.get(name, ())


@dataclass(frozen=True, slots=True)
class ServedCall:
    """One authenticated call and all that its operation may look at or change.

    Of the newer API's calls, `on_behalf_of` is the header of that name (None: not sent) and `body` the JSON document.
    """

    accounts: Accounts
    reseller: Reseller
    form: Form
    switches: Switches
    seal: Seal
    on_behalf_of: str | None = None
    body: bytes = b""

    def customer(self) -> Customer | None:
        """The reseller's own customer that the argument `user` names."""
        return self.accounts.customer(self.reseller, self.form.get("user"))

    def today(self) -> date:
        """The provider's calendar date: the switch's, or the machine's in UTC."""
        return self.switches.today or datetime.now(UTC).date()


def parse_form(*parts: bytes) -> Form:
    """Merges urlencoded parts (the query, then the body); a plain argument sent twice has its last value."""
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for name, value in parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True):
            if name.endswith("[]"):
                lists[name[:-2]] = (*lists.get(name[:-2], ()), value)
            else:
                values[name] = value
    return Form(values, lists)
