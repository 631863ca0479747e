"""Delete: the customer, its credentials and its name are gone, at once or at the end of the billing cycle."""

import pytest

from tests.checks.rig import NEW, OK, UNF, Provider

A = {"user": "a@x.com"}


def test_c53_a_deleted_customer_is_gone_and_cannot_be_deleted_again(provider: Provider) -> None:
    assert provider.post("delete", user="A@X.com").content == OK
    assert provider.post("delete", **A).errors

    assert provider.names() == ["b@x.com", "aa@x.com"]
    assert provider.sandbox.state().tombstones == ("a@x.com", "gone@x.com")
    assert provider.post("add", **{**NEW, "username": "a@x.com"}).errors


def test_c53_nobody_and_nothing_are_not_deleted(provider: Provider) -> None:
    assert provider.post("delete").errors == ["Missing user parameter"]
    assert provider.post("delete", user="nobody").errors
    assert provider.post("delete", username="a@x.com").errors
    assert provider.version == 0


def test_c53_by_switch_a_deleted_customer_stays_until_its_billing_cycle_ends(provider: Provider) -> None:
    provider.switch(delete="cycle_end", today="2011-02-10")
    assert [provider.post("delete", **A).content for _ in range(2)] == [OK, OK]
    assert [entry.effect for entry in provider.sandbox.journal()] == ["changed", "unchanged"]

    provider.switch(delete="cycle_end", today="2011-02-28")
    assert "a@x.com" in provider.names()
    assert provider.manage(method="disable", **A).content == OK

    provider.switch(delete="cycle_end", today="2011-03-01")
    assert provider.names() == ["b@x.com", "aa@x.com"]
    assert provider.post("delete", **A).errors
    assert provider.sandbox.state().tombstones == ("a@x.com", "gone@x.com")


def test_c53_the_billing_cycle_ends_on_the_day_of_the_billing_date(provider: Provider) -> None:
    provider.switch(delete="cycle_end", today="2011-01-31")
    provider.post("add", **NEW, billing_date="2011-01-31")
    provider.post("delete", user="new@x.com")

    assert str(provider.customer("new@x.com").closes_on) == "2011-02-28"


@pytest.mark.parametrize("method", ["enable", "disable", "website_enable", "website_disable"])
def test_c54_a_deleted_customer_is_not_found(provider: Provider, method: str) -> None:
    provider.post("delete", **A)

    assert provider.manage(method=method, **A).content == UNF


@pytest.mark.parametrize(
    "call",
    [
        {"task": "setEmail", "email": "z@x.com"},
        {"task": "setUsername", "username": "z@x.com"},
        {"task": "set", "city": "Z"},
        {"method": "password", "password": "secret1", "confirm_password": "secret1"},
    ],
    ids=["email", "username", "profile", "password"],
)
def test_c54_nothing_of_a_deleted_customer_can_be_changed(provider: Provider, call: dict[str, str]) -> None:
    provider.post("delete", **A)

    assert provider.manage(**{"method": "profile", **call}, **A).errors


def test_c54_a_deleted_customers_credentials_are_gone_and_it_gets_none(provider: Provider) -> None:
    provider.post("delete", **A)
    credential = {"task": "add", "credential_name": "cred1", "credential_password": "secret1"}

    # An edition that has no credentials refuses the call as well, in its own words.
    assert provider.post("credential", **credential, **A).content != OK
    if provider.dialect.prefix == "apiv2/reseller":
        assert provider.post("credential", **credential, user="b@x.com").content == OK
