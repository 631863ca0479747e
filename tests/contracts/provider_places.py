"""Providers to test the port on: the fake, and the real client before a stand-in, in every dialect and reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.provider.accounts.snapshot import CustomerSnapshot
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.settings import (
    AuthError,
    Delete,
    ErrorStatus,
    Filter,
    OboUnknown,
    RowExtra,
    Switches,
    UnknownUser,
)
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import create_command
from worker.domain import ports as port
from worker.errors import Throttled
from worker.provider.client import ProviderClient
from worker.provider.config import Edition, Format, Login, ProviderConfig

ADA, OFF, NEIGHBOUR = "a@x.com", "b@x.com", "aa@x.com"
NEW, GONE, THEIRS, NOBODY = "new@x.com", "gone@x.com", "theirs@x.com", "nobody@x.com"
CREDENTIAL = "cred1"
KEY, V3_KEY = "pw-of-the-wrong-login", "SG.of-the-wrong-login"
_SHOWN = (*port.READABLE_FIELDS, "address2", "company")


@dataclass(frozen=True)
class Dialect:
    """How the stand-in is spoken to, and how it reads its documents."""

    switches: Switches
    edition: Edition = "reseller"
    format: Format = "json"


DIALECTS = {
    "as recorded": Dialect(Switches()),
    "in xml": Dialect(Switches(), format="xml"),
    "the distributor": Dialect(Switches(), "distributor"),
    "the distributor in xml": Dialect(Switches(unknown_user=UnknownUser.NEST), "distributor", "xml"),
    "errors with 4xx": Dialect(Switches(error_status=ErrorStatus.CLIENT_ERROR, unknown_user=UnknownUser.NEST)),
    "errors with 4xx in xml": Dialect(
        Switches(error_status=ErrorStatus.CLIENT_ERROR, auth_error=AuthError.ERRORS), format="xml"
    ),
    "login errors in a list": Dialect(Switches(auth_error=AuthError.ERRORS)),
    "login errors as html": Dialect(
        Switches(auth_error=AuthError.HTML403, unknown_user=UnknownUser.NEST), format="xml"
    ),
    "pages of one": Dialect(Switches(page_size=1, row_extra=frozenset(RowExtra))),
    "searches by prefix": Dialect(Switches(filter=Filter.PREFIX)),
    "searches exactly": Dialect(Switches(filter=Filter.EXACT, disable_alias=False)),
    "quotes our secrets": Dialect(Switches(echo=True)),
    "quotes our secrets in xml": Dialect(Switches(echo=True), format="xml"),
}

CLOSES_LATE = Dialect(Switches(delete=Delete.CYCLE_END))


class Place(Protocol):
    """A provider that has Ada, who has a credential, and others; and a look at what it keeps."""

    @property
    def provider(self) -> port.Provider:
        """The one that is tested."""

    def names(self) -> set[str]:
        """Who is our customer."""

    def customer(self, username: str = ADA) -> Mapping[str, object]:
        """What is kept of the customer, whether it is listed or not; `active` and `website_access` are truths."""

    def reseller(self) -> Mapping[str, object]:
        """The reseller's own profile."""

    def has_password(self, password: str, username: str = ADA) -> bool:
        """Whether the customer has this password."""

    def has_credential(self, name: str, password: str, username: str = ADA) -> bool:
        """Whether the customer has this credential with this password."""

    def lose_next_answer(self, *, applied: bool) -> None:
        """Hang up on the next call, with or without its effect."""

    def throttle_next(self) -> None:
        """Ask for a pause at the next call."""

    def forget_our_logins(self) -> None:
        """Refuse both logins from now on."""

    def ignore_on_behalf_of_strangers(self) -> None:
        """Take a v3 call on behalf of an unknown customer for one of the reseller's own."""


class FakePlace:
    """The fake's memory."""

    def __init__(self) -> None:
        self.provider = FakeProvider()
        for username in (ADA, OFF, NEIGHBOUR):
            self.provider.add(create_command(username=username, email=username))
        self.provider.customers[ADA].credentials[CREDENTIAL] = "cred1-password"
        self.provider.customers[OFF].fields["active"] = "false"
        self.provider.accounts.tombstones.add(GONE)
        self.provider.taken_elsewhere.add(THEIRS)
        self.provider.accounts.own_profile.update(city="Reseller City")

    def names(self) -> set[str]:
        """Read the fake."""
        return set(self.provider.customers)

    def customer(self, username: str = ADA) -> Mapping[str, object]:
        """Read the fake."""
        fields = self.provider.customers[username].fields
        flags = {name: fields[name] == "true" for name in ("active", "website_access")}
        return {**{name: fields[name] for name in _SHOWN}, **flags}

    def reseller(self) -> Mapping[str, object]:
        """Read the fake."""
        return dict(self.provider.accounts.own_profile)

    def has_password(self, password: str, username: str = ADA) -> bool:
        """Read the fake."""
        return self.provider.customers[username].password == password

    def has_credential(self, name: str, password: str, username: str = ADA) -> bool:
        """Read the fake."""
        return self.provider.customers[username].credentials.get(name) == password

    def lose_next_answer(self, *, applied: bool) -> None:
        """Pass it to the fake."""
        self.provider.lose_next_answer(applied=applied)

    def throttle_next(self) -> None:
        """Pass it to the fake."""
        self.provider.fail_next(Throttled("the provider asks for a pause (429)", 2.0))

    def forget_our_logins(self) -> None:
        """Pass it to the fake."""
        self.provider.knows_our_login = self.provider.knows_our_v3_key = False

    def ignore_on_behalf_of_strangers(self) -> None:
        """Pass it to the fake."""
        self.provider.accounts.ignores_on_behalf_of = True


class SandboxPlace:
    """The stand-in over HTTP."""

    def __init__(self, remote: RemoteSandbox, dialect: Dialect) -> None:
        self._remote = remote
        self._dialect = dialect
        remote.reset()
        remote.set_switches(dialect.switches)
        self.provider = self._client(Login("acme", "pw", "SG.acme"))

    def names(self) -> set[str]:
        """Ask the stand-in; a deleted customer that stays until its time is up is none of ours."""
        customers = self._remote.state().customers.values()
        return {one.username for one in customers if one.reseller == "acme" and one.closes_on is None}

    def customer(self, username: str = ADA) -> Mapping[str, object]:
        """Ask the stand-in."""
        kept = self._customer(username)
        return {name: getattr(kept, name) for name in (*_SHOWN, "active", "website_access")}

    def reseller(self) -> Mapping[str, object]:
        """Ask the stand-in."""
        return self._remote.state(ADA).profiles["acme"]

    def has_password(self, password: str, username: str = ADA) -> bool:
        """Ask the stand-in."""
        return self._customer(username).password_digest == self._remote.digest(password)

    def has_credential(self, name: str, password: str, username: str = ADA) -> bool:
        """Ask the stand-in."""
        return self._customer(username).credentials.get(name) == self._remote.digest(password)

    def lose_next_answer(self, *, applied: bool) -> None:
        """Pass it to the stand-in."""
        self._remote.inject(FaultRule(fault=Fault.APPLY_THEN_DROP if applied else Fault.DROP_BEFORE, times=1))

    def throttle_next(self) -> None:
        """Pass it to the stand-in."""
        self._remote.inject(FaultRule(fault=Fault.THROTTLED, times=1, reset_seconds=2.0))

    def forget_our_logins(self) -> None:
        """Come with other logins."""
        self.provider.close()
        self.provider = self._client(Login("acme", KEY, V3_KEY))

    def ignore_on_behalf_of_strangers(self) -> None:
        """Pass it to the stand-in."""
        self._remote.set_switches(self._dialect.switches.model_copy(update={"obo_unknown": OboUnknown.IGNORE}))

    def _customer(self, username: str) -> CustomerSnapshot:
        return self._remote.state(username).customers[username]

    def _client(self, login: Login) -> ProviderClient:
        config = ProviderConfig(
            self._remote.url, login, edition=self._dialect.edition, format=self._dialect.format, concurrency=1
        )
        return ProviderClient(config, lambda: True, lambda *_: None)
