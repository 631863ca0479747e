"""The lines of a state file: what the file is, and what each call changed. A secret appears as its digest alone."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.provider.accounts.records import Credential, Customer, Profile, Record, Reseller
from sandbox.provider.accounts.state import Accounts

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

FORMAT: Final = "sandbox-provider-state"


class Header(BaseModel):
    """The first line: which format follows, and the key that its digests were made with, in hexadecimal digits."""

    model_config = _FROZEN

    format: Literal["sandbox-provider-state"] = "sandbox-provider-state"
    version: Literal[1] = 1
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]


class CustomerChange(BaseModel):
    """A customer's record as it is now, or as it was when it went."""

    model_config = _FROZEN

    what: Literal["customer"] = "customer"
    record: Customer
    is_gone: bool = False

    def apply(self, accounts: Accounts) -> None:
        """Makes the same change in these books."""
        (accounts.remove_customer if self.is_gone else accounts.put_customer)(self.record)


class CredentialChange(BaseModel):
    """A credential's record as it is now, or as it was when it went."""

    model_config = _FROZEN

    what: Literal["credential"] = "credential"
    record: Credential
    is_gone: bool = False

    def apply(self, accounts: Accounts) -> None:
        """Makes the same change in these books."""
        (accounts.remove_credential if self.is_gone else accounts.put_credential)(self.record)


class ProfileChange(BaseModel):
    """A reseller's own profile as it is now; its login and its keys come with the configuration, and stay there."""

    model_config = _FROZEN

    what: Literal["profile"] = "profile"
    api_user: str
    profile: Profile

    def apply(self, accounts: Accounts) -> None:
        """Makes the same change in these books; a reseller who is no longer configured is left out."""
        for reseller in accounts.resellers:
            if reseller.api_user == self.api_user:
                accounts.put_reseller(replace(reseller, profile=self.profile))


Change = Annotated[CustomerChange | CredentialChange | ProfileChange, Field(discriminator="what")]


class ChangedAccount(BaseModel):
    """Everything that one call changed: all of it happened, or none. `version` is that of the books afterwards."""

    model_config = _FROZEN

    version: int
    changes: tuple[Change, ...]


def change_of(record: Record, *, is_gone: bool) -> Change:
    """The change that made this record current, or took it away."""
    match record:
        case Customer():
            return CustomerChange(record=record, is_gone=is_gone)
        case Credential():
            return CredentialChange(record=record, is_gone=is_gone)
        case Reseller():
            return ProfileChange(api_user=record.api_user, profile=record.profile)


def whole(accounts: Accounts) -> ChangedAccount:
    """All that is current, as if one call had made it."""
    customers = accounts.customers()
    records: list[Record] = [*accounts.resellers, *customers]
    for customer in customers:
        records += accounts.credentials_of(customer)
    return ChangedAccount(
        version=accounts.version, changes=tuple(change_of(record, is_gone=False) for record in records)
    )
