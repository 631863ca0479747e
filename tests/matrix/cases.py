"""Every command once, what it must leave at the provider, and the call that makes the change."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, SeedCredential, SeedCustomer, SeedPackage, SeedReseller
from sandbox.provider.accounts.snapshot import AccountsSnapshot, CustomerSnapshot
from sandbox.provider.operations.calls import Operation
from tests.support import commands
from tests.support.commands import Command
from worker.provider.config import Login

LOGIN = Login("acme", "pw", "SG.acme")
ADA, OFF, NEW = "ada@x.com", "off@x.com", "new@x.com"
#: Another reseller's customer.
EVE = "eve@y.org"
PASSWORD = "Pl4nted &<pässword>"

#: The digest of a secret, as the stand-in shows it.
Digest = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A command, the operation that makes its change, and whether a state is the one it asks for."""

    command: Command
    write: Operation
    reached: Callable[[AccountsSnapshot, Digest], bool]
    changes: int = 1

    def __str__(self) -> str:
        return self.command.type


def seed() -> Seed:
    """Ada may send and log in and has a credential; Off may do neither; Eve is another reseller's."""
    login = SeedReseller(
        api_user=LOGIN.api_user,
        api_key=SecretStr(LOGIN.api_key),
        v3_api_key=SecretStr(LOGIN.v3_api_key or ""),
        packages=(SeedPackage(name="Basic"),),
    )
    other = SeedReseller(api_user="rival", api_key=SecretStr("rival-0"))
    return Seed(
        resellers=(login, other),
        customers=(
            _customer(ADA, credentials=(SeedCredential(name="mailer", password=SecretStr("mailer-0")),)),
            # Found by the same search, so that a search is never taken for a find.
            _customer(f"a{ADA}"),
            _customer(OFF, active=False, website_access=False),
            _customer(EVE, reseller="rival"),
        ),
    )


def _customer(username: str, **changes: object) -> SeedCustomer:
    fields = {"reseller": LOGIN.api_user, "username": username, "password": SecretStr("password-0"), "email": username}
    return SeedCustomer.model_validate({**fields, **changes})


def _customer_where(username: str, **wanted: object) -> Callable[[AccountsSnapshot, Digest], bool]:
    def reached(state: AccountsSnapshot, _digest: Digest) -> bool:
        customer = state.customers.get(username)
        return customer is not None and all(getattr(customer, name) == value for name, value in wanted.items())

    return reached


def _created(state: AccountsSnapshot, digest: Digest) -> bool:
    return NEW in state.customers and state.customers[NEW].password_digest == digest(f"password of {NEW}")


def _deleted(state: AccountsSnapshot, _digest: Digest) -> bool:
    # Where an account closes at the end of its cycle, it is listed until then.
    return ADA not in state.customers or state.customers[ADA].closes_on is not None


def _renamed(state: AccountsSnapshot, _digest: Digest) -> bool:
    moved: CustomerSnapshot | None = state.customers.get(NEW)
    return ADA not in state.customers and moved is not None and moved.email == ADA and "mailer" in moved.credentials


def _has_password(state: AccountsSnapshot, digest: Digest) -> bool:
    return state.customers[ADA].password_digest == digest(PASSWORD)


def _has_credential(name: str) -> Callable[[AccountsSnapshot, Digest], bool]:
    return lambda state, digest: state.customers[ADA].credentials.get(name) == digest(PASSWORD)


def _has_no_credential(state: AccountsSnapshot, _digest: Digest) -> bool:
    return not state.customers[ADA].credentials


def _unchanged(state: AccountsSnapshot, _digest: Digest) -> bool:
    return set(state.customers) == {ADA, f"a{ADA}", OFF, EVE}


def _about(username: str, type_: str, **fields: object) -> Command:
    return Command(type_, {"username": username, **fields}, id="evt_1")


CASES = (
    Case(commands.create(NEW, id="evt_1"), Operation.ADD, _created),
    Case(_about(ADA, "DeleteCustomer"), Operation.DELETE, _deleted),
    Case(Command("RetrieveCustomers", {"username": "x.com"}, id="evt_1"), Operation.RETRIEVE, _unchanged, changes=0),
    Case(_about(OFF, "EnableCustomer"), Operation.ENABLE, _customer_where(OFF, active=True, website_access=False)),
    Case(_about(ADA, "DisableCustomer"), Operation.DISABLE, _customer_where(ADA, active=False, website_access=True)),
    Case(_about(OFF, "EnableWebsiteAccess"), Operation.WEBSITE_ENABLE, _customer_where(OFF, website_access=True)),
    Case(_about(ADA, "DisableWebsiteAccess"), Operation.WEBSITE_DISABLE, _customer_where(ADA, website_access=False)),
    Case(
        _about(ADA, "UpdateProfile", first_name="Zoë", city="Łódź", company="New & Co <Ltd>"),
        Operation.SET_PROFILE,
        _customer_where(ADA, first_name="Zoë", city="Łódź", company="New & Co <Ltd>", last_name="Byron"),
    ),
    Case(_about(ADA, "ChangePassword", password=PASSWORD), Operation.SET_PASSWORD, _has_password),
    Case(_about(ADA, "ChangeUsername", new_username=NEW), Operation.SET_USERNAME, _renamed),
    Case(_about(ADA, "ChangeEmail", email=NEW), Operation.SET_EMAIL, _customer_where(ADA, email=NEW)),
    Case(
        _about(ADA, "AddCredential", credential_name="second", credential_password=PASSWORD),
        Operation.CREDENTIAL_ADD,
        _has_credential("second"),
    ),
    Case(
        _about(ADA, "RotateCredential", credential_name="mailer", new_credential_password=PASSWORD),
        Operation.CREDENTIAL_EDIT,
        _has_credential("mailer"),
    ),
    Case(_about(ADA, "RemoveCredential", credential_name="mailer"), Operation.CREDENTIAL_DELETE, _has_no_credential),
    Case(
        Command("UpdateUserProfile", {"on_behalf_of": ADA, "city": "Zürich", "address2": ""}, id="evt_1"),
        Operation.USER_PROFILE_UPDATE,
        _customer_where(ADA, city="Zürich"),
    ),
)
