"""The provider's books: frozen records, and the one place that changes which of them are current."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Package:
    """A plan a customer can be put on, and whether it lets the customer have addresses of its own."""

    name: str
    allows_ips: bool = True


@dataclass(frozen=True, slots=True)
class Reseller:
    """A login of the API and what it may hand out to its customers. The `api_key` is the reseller's password."""

    api_user: str
    api_key: str = field(repr=False)
    packages: Mapping[str, Package]
    ips: frozenset[str] = frozenset()
    ip_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer of one reseller. `number` identifies it for good: its username may change.

    `active` is the right to send, `website_access` the right to log in: neither touches the other. The password is
    held only as its digest, as the provider says that passwords cannot be retrieved.
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


@dataclass(frozen=True, slots=True)
class Credential:
    """A further login of one customer. Its password is held only as its digest."""

    owner: int
    name: str
    password_digest: str


class Accounts:
    """Who is current. Names are unique over all resellers, customers and credentials, without regard to case.

    `version` grows with each change of state and only then: writing a record that is equal to the current one is none.
    """

    def __init__(self, resellers: Iterable[Reseller], tombstones: Iterable[str] = ()) -> None:
        self.version = 0
        self._resellers = {reseller.api_user: reseller for reseller in resellers}
        self._customers: dict[str, Customer] = {}
        self._credentials: dict[str, Credential] = {}
        self._tombstones = {username.lower() for username in tombstones}
        self._last_number = 0

    @property
    def resellers(self) -> tuple[Reseller, ...]:
        """All logins."""
        return tuple(self._resellers.values())

    @property
    def tombstones(self) -> tuple[str, ...]:
        """Usernames of deleted customers, lower-cased and sorted."""
        return tuple(sorted(self._tombstones))

    def login(self, api_user: str, api_key: str) -> Reseller | None:
        """The reseller whom these two belong to, or None."""
        reseller = self._resellers.get(api_user)
        return reseller if reseller is not None and reseller.api_key == api_key else None

    def customer(self, reseller: Reseller, username: str) -> Customer | None:
        """The customer of that name, unless it is another reseller's: that one does not exist to the asker."""
        customer = self._customers.get(username.lower())
        return customer if customer is not None and customer.reseller == reseller.api_user else None

    def customers(self) -> tuple[Customer, ...]:
        """Every reseller's customers, oldest first."""
        return tuple(self._customers.values())

    def credential(self, owner: Customer, name: str) -> Credential | None:
        """The credential of that name, unless it is another customer's."""
        credential = self._credentials.get(name.lower())
        return credential if credential is not None and credential.owner == owner.number else None

    def credentials_of(self, owner: Customer) -> tuple[Credential, ...]:
        """One customer's credentials, oldest first."""
        return tuple(credential for credential in self._credentials.values() if credential.owner == owner.number)

    def is_taken(self, name: str) -> bool:
        """Whether somebody, of whatever reseller, goes by that name now."""
        return name.lower() in self._customers or name.lower() in self._credentials or name in self._resellers

    def is_tombstone(self, username: str) -> bool:
        """Whether a customer of that name was deleted."""
        return username.lower() in self._tombstones

    def next_number(self) -> int:
        """A number that no customer has had."""
        self._last_number += 1
        return self._last_number

    def put_customer(self, customer: Customer) -> None:
        """Makes this record the customer's current one."""
        key = customer.username.lower()
        if self._customers.get(key) != customer:
            self._customers[key] = customer
            self.version += 1

    def put_credential(self, credential: Credential) -> None:
        """Makes this record the credential's current one."""
        key = credential.name.lower()
        if self._credentials.get(key) != credential:
            self._credentials[key] = credential
            self.version += 1
