"""The books: who is current, whose name is taken, and what counts as a change."""

from dataclasses import replace

import pytest
from pydantic import SecretStr, ValidationError

from sandbox.provider.accounts.records import Customer, Reseller
from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.seed import Seed, SeedCustomer, SeedReseller, check_seed, demo_seed, open_accounts
from sandbox.provider.accounts.snapshot import take_snapshot
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.accounts.throttle import Throttle

ACME = Reseller("acme", "pw", {})
OTHER = Reseller("other", "pw2", {})
ADA = Customer(number=7, reseller="acme", username="Ada@x.com", password_digest="d", email="ada@x.com")


@pytest.fixture
def accounts() -> Accounts:
    accounts = Accounts([ACME, OTHER], tombstones=["Gone@x.com"])
    accounts.put_customer(ADA)
    return accounts


def test_a_new_name_of_a_customer_frees_the_old_one_without_regard_to_case(accounts: Accounts) -> None:
    accounts.put_customer(replace(ADA, username="ADA@x.com"))
    accounts.put_customer(replace(ADA, username="bea@x.com"))

    assert accounts.customer(ACME, "ada@x.com") is None
    assert accounts.customers() == (replace(ADA, username="bea@x.com"),)


def test_a_seal_distinguishes_equal_secrets_from_different_ones_and_differs_between_processes() -> None:
    seal = Seal()

    assert seal.digest("secret1") == seal.digest("secret1") != seal.digest("secret2")
    assert seal.digest("secret1") != Seal().digest("secret1")


def test_the_check_seed_opens_the_state_that_the_checks_start_from() -> None:
    state = take_snapshot(open_accounts(check_seed(), Seal()))

    assert state.version == 0
    assert state.tombstones == ("gone@x.com",)
    assert {name: one.active for name, one in state.customers.items()} == {
        "a@x.com": True,
        "b@x.com": False,
        "aa@x.com": True,
        "theirs@x.com": True,
    }
    assert list(state.customers["a@x.com"].credentials) == ["cred1"]


def test_a_snapshot_can_be_of_one_customer_and_shows_digests_in_place_of_secrets() -> None:
    seal = Seal(b"key")
    document = take_snapshot(open_accounts(check_seed(), seal), "A@x.com").model_dump_json()

    assert "aa@x.com" not in document
    assert "cred1-password" not in document
    assert seal.digest("cred1-password") in document


def test_a_seed_refuses_a_customer_whose_reseller_it_lacks() -> None:
    login = SeedReseller(api_user="acme", api_key=SecretStr("pw"))
    stray = SeedCustomer(reseller="acne", username="a", password=SecretStr("secret1"), email="a@x.com")

    with pytest.raises(ValidationError, match="acne"):
        Seed(resellers=(login,), customers=(stray,))


def test_a_seed_refuses_a_name_that_two_would_have() -> None:
    login = SeedReseller(api_user="acme", api_key=SecretStr("pw"))
    twin = SeedCustomer(reseller="acme", username="Acme", password=SecretStr("secret1"), email="a@x.com")

    with pytest.raises(ValidationError, match="more than one: acme"):
        Seed(resellers=(login,), customers=(twin,))


def test_no_seed_shows_a_key_when_it_is_printed() -> None:
    assert "demo-key" not in repr(demo_seed())
    assert "pw2" not in repr(open_accounts(check_seed(), Seal()).resellers)


def test_the_throttle_lets_a_login_through_until_its_limit_and_again_in_the_next_window() -> None:
    throttle = Throttle()
    counted = [throttle.count("acme", 2, 60.0, now) for now in (0.0, 10.0, 20.0, 59.0, 60.0)]

    assert [one.is_exceeded for one in counted] == [False, False, True, True, False]
    assert [one.remaining for one in counted] == [1, 0, 0, 0, 1]
    assert [one.seconds for one in counted] == [60.0, 50.0, 40.0, 1.0, 60.0]
    assert not throttle.count("other", 2, 60.0, 20.0).is_exceeded
