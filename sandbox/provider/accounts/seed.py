"""What the stand-in's books hold when it starts or is reset."""

from collections import Counter
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from sandbox.provider.accounts.records import Credential, Customer, Package, Profile, Reseller
from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.state import Accounts

_FROZEN = ConfigDict(frozen=True, extra="forbid")
Name = Annotated[str, Field(min_length=1)]
# Beyond any number that a customer will get.
_FIRST_RESELLER: Final = 1_000_000_001


class SeedPackage(BaseModel):
    """A package by name, and whether its customers may have addresses of their own."""

    model_config = _FROZEN

    name: Name
    allows_ips: bool = True


class SeedProfile(BaseModel):
    """A reseller's own profile, which only the newer API shows and changes."""

    model_config = _FROZEN

    address: str = "1 Reseller Street"
    address2: str = ""
    city: str = "Reseller City"
    company: str = "Reseller Company"
    country: str = "US"
    first_name: str = "Grace"
    last_name: str = "Hopper"
    phone: str = "555-555-0001"
    state: str = "NY"
    website: str = "reseller.example.com"
    zip: str = "10001"


class SeedReseller(BaseModel):
    """A login and what it owns; without `v3_api_key` it cannot use the newer API."""

    model_config = _FROZEN

    api_user: Name
    api_key: SecretStr
    v3_api_key: SecretStr | None = None
    profile: SeedProfile = SeedProfile()
    packages: tuple[SeedPackage, ...] = ()
    ips: frozenset[str] = frozenset()
    ip_groups: frozenset[str] = frozenset()


class SeedCredential(BaseModel):
    """A further login of a customer."""

    model_config = _FROZEN

    name: Name
    password: SecretStr


class SeedCustomer(BaseModel):
    """A customer that exists from the start; what is not given is the same for all."""

    model_config = _FROZEN

    reseller: Name
    username: Name
    password: SecretStr
    email: str
    active: bool = True
    website_access: bool = True
    first_name: str = "Ada"
    last_name: str = "Byron"
    address: str = "555 Any Street"
    city: str = "Any City"
    state: str = "CA"
    zip: str = "91234"
    country: str = "US"
    phone: str = "555-555-5555"
    website: str = "example.com"
    company: str = "Any Company"
    package: str = ""
    whitelabel: str = ""
    credentials: tuple[SeedCredential, ...] = ()


class Seed(BaseModel):
    """Resellers, their customers, and usernames that belonged to customers deleted long ago."""

    model_config = _FROZEN

    resellers: tuple[SeedReseller, ...] = Field(min_length=1)
    customers: tuple[SeedCustomer, ...] = ()
    tombstones: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_customer_has_its_reseller(self) -> "Seed":
        logins = {reseller.api_user for reseller in self.resellers}
        strays = sorted({customer.reseller for customer in self.customers} - logins)
        if strays:
            raise ValueError(f"The seed has customers of resellers that it does not have: {', '.join(strays)}.")
        return self

    @model_validator(mode="after")
    def _no_name_is_there_twice(self) -> "Seed":
        names = [reseller.api_user for reseller in self.resellers]
        names += [customer.username for customer in self.customers]
        names += [credential.name for customer in self.customers for credential in customer.credentials]
        twice = sorted(name for name, count in Counter(map(str.lower, names)).items() if count > 1)
        if twice:
            raise ValueError(f"The seed has names that belong to more than one: {', '.join(twice)}.")
        return self


def demo_seed() -> Seed:
    """One reseller with a few packages, and one customer with a credential that can be rotated."""
    packages = tuple(SeedPackage(name=name) for name in ("Basic", "Silver", "Gold"))
    free = SeedPackage(name="Free", allows_ips=False)
    ips, groups = frozenset({"10.0.0.1", "10.0.0.2"}), frozenset({"shared"})
    login = SeedReseller(
        api_user="demo-reseller",
        api_key=SecretStr("demo-key"),
        v3_api_key=SecretStr("SG.demo"),
        packages=(free, *packages),
        ips=ips,
        ip_groups=groups,
    )
    mailer = SeedCredential(name="harbor-mailer", password=SecretStr("harbor-mailer-0"))
    harbor = SeedCustomer(
        reseller="demo-reseller",
        username="harbor@example.com",
        password=SecretStr("harbor-password"),
        email="harbor@example.com",
        package="Silver",
        credentials=(mailer,),
    )
    return Seed(resellers=(login,), customers=(harbor,))


def check_seed() -> Seed:
    """The state that the behaviour checks start from: two resellers, three customers, one tombstone, one credential."""
    packages = (SeedPackage(name="Basic"), SeedPackage(name="Bare", allows_ips=False))
    acme = SeedReseller(
        api_user="acme",
        api_key=SecretStr("pw"),
        v3_api_key=SecretStr("SG.acme"),
        packages=packages,
        ips=frozenset({"10.0.0.1", "10.0.0.2"}),
        ip_groups=frozenset({"shared"}),
    )
    other = SeedReseller(
        api_user="other", api_key=SecretStr("pw2"), v3_api_key=SecretStr("SG.other"), packages=packages
    )
    credential = SeedCredential(name="cred1", password=SecretStr("cred1-password"))
    customers = (
        _check_customer("acme", "a@x.com").model_copy(update={"credentials": (credential,)}),
        _check_customer("acme", "b@x.com").model_copy(update={"active": False}),
        _check_customer("acme", "aa@x.com"),
        _check_customer("other", "theirs@x.com"),
    )
    return Seed(resellers=(acme, other), customers=customers, tombstones=("gone@x.com",))


def _check_customer(reseller: str, username: str) -> SeedCustomer:
    """A customer of the checks, whose email is its username."""
    password = SecretStr(f"{username}-password")
    return SeedCustomer(reseller=reseller, username=username, password=password, email=username, package="Basic")


def open_accounts(seed: Seed, seal: Seal) -> Accounts:
    """Fresh books that hold the seed and nothing else; their version is 0."""
    resellers = (_open_reseller(planned, number) for number, planned in enumerate(seed.resellers, _FIRST_RESELLER))
    accounts = Accounts(resellers, seed.tombstones)
    for planned in seed.customers:
        customer = _open_customer(planned, accounts.next_number(), seal)
        accounts.put_customer(customer)
        for credential in planned.credentials:
            digest = seal.digest(credential.password.get_secret_value())
            accounts.put_credential(Credential(customer.number, credential.name, digest))
    accounts.version = 0
    return accounts


def _open_reseller(planned: SeedReseller, number: int) -> Reseller:
    return Reseller(
        planned.api_user,
        planned.api_key.get_secret_value(),
        {package.name: Package(package.name, package.allows_ips) for package in planned.packages},
        planned.ips,
        planned.ip_groups,
        None if planned.v3_api_key is None else planned.v3_api_key.get_secret_value(),
        number,
        Profile(**planned.profile.model_dump()),
    )


def _open_customer(planned: SeedCustomer, number: int, seal: Seal) -> Customer:
    digest = seal.digest(planned.password.get_secret_value())
    fields = planned.model_dump(exclude={"password", "credentials"})
    return Customer(number=number, password_digest=digest, **fields)
