"""Many customers that the provider knows from the start, each with a credential that can be rotated."""

from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, SeedCredential, SeedCustomer, check_seed


def old_customer(number: int) -> str:
    """Name a customer of the seed."""
    return f"old-{number:03}@example.com"


def credential_of(number: int) -> str:
    """Name its credential."""
    return f"mailer-{number:03}"


def seed_of(customers: int) -> Seed:
    """Make a seed of so many customers, numbered from 0."""
    planned = tuple(_planned(number) for number in range(customers))
    return check_seed().model_copy(update={"customers": planned})


def _planned(number: int) -> SeedCustomer:
    credential = SeedCredential(name=credential_of(number), password=SecretStr("as it was seeded"))
    return SeedCustomer(
        reseller="acme",
        username=old_customer(number),
        password=SecretStr("seeded"),
        email=old_customer(number),
        credentials=(credential,),
    )
