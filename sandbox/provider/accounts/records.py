"""What the provider holds of each one: frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Package:
    """A plan a customer can be put on, and whether it lets the customer have addresses of its own."""

    name: str
    allows_ips: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who somebody is: the fields of the newer API. A reseller has one of its own; a customer's are in its record."""

    address: str = ""
    address2: str = ""
    city: str = ""
    company: str = ""
    country: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    state: str = ""
    website: str = ""
    zip: str = ""


@dataclass(frozen=True, slots=True)
class Reseller:
    """A login of the API and what it may hand out to its customers.

    The `api_key` is the reseller's password; `v3_api_key` opens the newer API, and without one that API is closed.
    `number` identifies the reseller there, among all users.
    """

    api_user: str
    api_key: str = field(repr=False)
    packages: Mapping[str, Package]
    ips: frozenset[str] = frozenset()
    ip_groups: frozenset[str] = frozenset()
    v3_api_key: str | None = field(default=None, repr=False)
    number: int = 0
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer of one reseller. `number` identifies it for good: its username may change.

    `active` is the right to send, `website_access` the right to log in: neither touches the other. The password is
    held only as its digest, as the provider says that passwords cannot be retrieved. `closes_on` is the first day on
    which a customer that was deleted at the end of its billing cycle will be gone.
    """

    number: int
    reseller: str
    username: str
    password_digest: str
    email: str
    active: bool = True
    website_access: bool = True
    first_name: str = ""
    last_name: str = ""
    address: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    phone: str = ""
    website: str = ""
    company: str = ""
    package: str = ""
    whitelabel: str = ""
    ips: tuple[str, ...] = ()
    ip_groups: tuple[str, ...] = ()
    free_user: bool = False
    billing_date: date | None = None
    closes_on: date | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A further login of one customer. Its password is held only as its digest."""

    owner: int
    name: str
    password_digest: str


Record = Reseller | Customer | Credential
