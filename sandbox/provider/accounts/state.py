"""The provider's books: the one place that changes which records are current."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from sandbox.provider.accounts.records import Credential, Customer, Record, Reseller


class Watcher(Protocol):
    """Receives each record that became current, or went."""

    def __call__(self, record: Record, *, is_gone: bool) -> None:
        """Takes note of one change."""


class Accounts:
    """Who is current. Names are unique over all resellers, customers and credentials, without regard to case.

    `version` grows with each change of state and only then: writing a record that is equal to the current one is none.
    """

    def __init__(self, resellers: Iterable[Reseller], tombstones: Iterable[str] = ()) -> None:
        self.version = 0
        self._resellers = {reseller.api_user: reseller for reseller in resellers}
        self._reseller_names = {name.lower() for name in self._resellers}
        self._customers: dict[int, Customer] = {}
        self._numbers: dict[str, int] = {}
        self._credentials: dict[str, Credential] = {}
        self._credentials_of: dict[int, dict[str, Credential]] = {}
        self._closing: set[int] = set()
        self._tombstones = {username.lower() for username in tombstones}
        self._last_number = 0
        self._watcher: Watcher | None = None

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

    def holder_of(self, v3_api_key: str) -> Reseller | None:
        """The reseller to whom that key of the newer API belongs, or None."""
        return next((one for one in self._resellers.values() if v3_api_key and one.v3_api_key == v3_api_key), None)

    def current(self, reseller: Reseller) -> Reseller:
        """What that reseller's record is by now."""
        return self._resellers[reseller.api_user]

    def customer(self, reseller: Reseller, username: str) -> Customer | None:
        """The customer of that name, unless it is another reseller's: that one does not exist to the asker."""
        return self.numbered(reseller, self._numbers.get(username.lower(), 0))

    def numbered(self, reseller: Reseller, number: int) -> Customer | None:
        """The customer with that number, unless it is another reseller's."""
        customer = self._customers.get(number)
        return customer if customer is not None and customer.reseller == reseller.api_user else None

    def customers(self) -> tuple[Customer, ...]:
        """Every reseller's customers, oldest first; a new username does not make one younger."""
        return tuple(self._customers.values())

    def credential(self, owner: Customer, name: str) -> Credential | None:
        """The credential of that name, unless it is another customer's."""
        return self._credentials_of.get(owner.number, {}).get(name.lower())

    def credentials_of(self, owner: Customer) -> tuple[Credential, ...]:
        """One customer's credentials, oldest first."""
        return tuple(self._credentials_of.get(owner.number, {}).values())

    def is_taken(self, name: str) -> bool:
        """Whether somebody, of whatever reseller, goes by that name now."""
        key = name.lower()
        return key in self._numbers or key in self._credentials or key in self._reseller_names

    def is_tombstone(self, username: str) -> bool:
        """Whether a customer of that name was deleted."""
        return username.lower() in self._tombstones

    def next_number(self) -> int:
        """A number that no customer has had."""
        self._last_number += 1
        return self._last_number

    def put_reseller(self, reseller: Reseller) -> None:
        """Makes this record the reseller's current one."""
        if self._resellers[reseller.api_user] != reseller:
            self._resellers[reseller.api_user] = reseller
            self._changed(reseller)

    def put_customer(self, customer: Customer) -> None:
        """Makes this record the customer's current one; a name it had before is free from now on."""
        previous = self._customers.get(customer.number)
        if previous == customer:
            return
        if previous is not None:
            del self._numbers[previous.username.lower()]
        self._customers[customer.number] = customer
        self._last_number = max(self._last_number, customer.number)
        self._numbers[customer.username.lower()] = customer.number
        if customer.closes_on is not None:
            self._closing.add(customer.number)
        self._changed(customer)

    def remove_customer(self, customer: Customer) -> None:
        """Takes the customer and its credentials away for good, and remembers its name."""
        del self._customers[customer.number], self._numbers[customer.username.lower()]
        for name in self._credentials_of.pop(customer.number, {}):
            del self._credentials[name]
        self._closing.discard(customer.number)
        self._tombstones.add(customer.username.lower())
        self._changed(customer, is_gone=True)

    def close_due(self, today: date) -> None:
        """Takes away the customers whose last billing cycle is over."""
        for customer in [self._customers[number] for number in self._closing]:
            if customer.closes_on is not None and customer.closes_on <= today:
                self.remove_customer(customer)

    def put_credential(self, credential: Credential) -> None:
        """Makes this record the credential's current one."""
        key = credential.name.lower()
        if self._credentials.get(key) != credential:
            self._credentials[key] = credential
            self._credentials_of.setdefault(credential.owner, {})[key] = credential
            self._changed(credential)

    def remove_credential(self, credential: Credential) -> None:
        """Takes the credential away; its name is free from now on."""
        key = credential.name.lower()
        del self._credentials[key], self._credentials_of[credential.owner][key]
        self._changed(credential, is_gone=True)

    def watch(self, watcher: Watcher) -> None:
        """Passes each change to the watcher from now on, at the moment it is made."""
        self._watcher = watcher

    def _changed(self, record: Record, *, is_gone: bool = False) -> None:
        self.version += 1
        if self._watcher is not None:
            self._watcher(record, is_gone=is_gone)
