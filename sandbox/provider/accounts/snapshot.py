"""The books as a document: what a test or a person may see of the state. Passwords appear as digests alone."""

from dataclasses import asdict
from datetime import date

from pydantic import BaseModel, ConfigDict

from sandbox.provider.accounts.records import Customer
from sandbox.provider.accounts.state import Accounts


class CustomerSnapshot(BaseModel):
    """A customer with every field the provider keeps; `credentials` maps each name to its password's digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    reseller: str
    username: str
    password_digest: str
    email: str
    active: bool
    website_access: bool
    first_name: str
    last_name: str
    address: str
    address2: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    website: str
    company: str
    package: str
    whitelabel: str
    ips: tuple[str, ...]
    ip_groups: tuple[str, ...]
    free_user: bool
    billing_date: date | None
    closes_on: date | None
    credentials: dict[str, str]


class AccountsSnapshot(BaseModel):
    """The state after `version` changes.

    `profiles` are the resellers' own, by login; `customers` are by username; `tombstones` the usernames that deleted
    customers left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    profiles: dict[str, dict[str, str]]
    customers: dict[str, CustomerSnapshot]
    tombstones: tuple[str, ...]


def take_snapshot(accounts: Accounts, username: str | None = None) -> AccountsSnapshot:
    """The whole state, or the customer of that username alone."""
    wanted = (one for one in accounts.customers() if username is None or one.username.lower() == username.lower())
    customers = {customer.username: _snapshot(accounts, customer) for customer in wanted}
    profiles = {reseller.api_user: asdict(reseller.profile) for reseller in accounts.resellers}
    return AccountsSnapshot(
        version=accounts.version, profiles=profiles, customers=customers, tombstones=accounts.tombstones
    )


def _snapshot(accounts: Accounts, customer: Customer) -> CustomerSnapshot:
    credentials = {credential.name: credential.password_digest for credential in accounts.credentials_of(customer)}
    return CustomerSnapshot(credentials=credentials, **asdict(customer))
