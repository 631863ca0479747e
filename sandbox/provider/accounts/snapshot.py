"""The books as a document: what a test or a person may see of the state. Passwords appear as digests alone."""

from dataclasses import asdict
from datetime import date

from pydantic import BaseModel, ConfigDict

from sandbox.provider.accounts.state import Accounts, Customer


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
    credentials: dict[str, str]


class AccountsSnapshot(BaseModel):
    """The state after `version` changes: customers by username, and the usernames that deleted customers left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    customers: dict[str, CustomerSnapshot]
    tombstones: tuple[str, ...]


def take_snapshot(accounts: Accounts, username: str | None = None) -> AccountsSnapshot:
    """The whole state, or the customer of that username alone."""
    wanted = (one for one in accounts.customers() if username is None or one.username.lower() == username.lower())
    customers = {customer.username: _snapshot(accounts, customer) for customer in wanted}
    return AccountsSnapshot(version=accounts.version, customers=customers, tombstones=accounts.tombstones)


def _snapshot(accounts: Accounts, customer: Customer) -> CustomerSnapshot:
    credentials = {credential.name: credential.password_digest for credential in accounts.credentials_of(customer)}
    return CustomerSnapshot(credentials=credentials, **asdict(customer))
