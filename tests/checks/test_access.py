"""Enable and disable, for sending and for the website: four calls, two flags, neither of which touches the other."""

import pytest

from tests.checks.rig import NO_SUCH_USER, OK, UNF, Provider

METHODS = ["enable", "disable", "website_enable", "website_disable"]


def flags(provider: Provider, username: str) -> tuple[bool, bool]:
    """Whether the customer may send, and whether it may log in."""
    customer = provider.customer(username)
    return customer.active, customer.website_access


def test_c28_enable_lets_a_disabled_customer_send(provider: Provider) -> None:
    assert provider.manage(method="enable", user="b@x.com").content == OK

    assert provider.row("b@x.com")["active"] == "true"


@pytest.mark.parametrize("method", METHODS)
def test_c29_a_repeat_succeeds_and_changes_nothing(provider: Provider, method: str) -> None:
    assert [provider.manage(method=method, user="b@x.com").content for _ in range(2)] == [OK, OK]

    assert provider.last.effect == "unchanged"


def test_c30_disable_stops_sending_and_not_the_website(provider: Provider) -> None:
    assert provider.manage(method="disable", user="a@x.com").content == OK

    assert provider.row("a@x.com")["active"] == "false"
    assert flags(provider, "a@x.com") == (False, True)


def test_c31_disable_reads_username_in_place_of_user(provider: Provider) -> None:
    assert provider.manage(method="disable", user="a@x.com", username="b@x.com").errors
    assert provider.version == 0

    assert provider.manage(method="disable", username="a@x.com").content == OK
    assert provider.last.username == "a@x.com"
    assert provider.row("a@x.com")["active"] == "false"


def test_c31_no_other_call_does_nor_disable_when_switched_off(provider: Provider) -> None:
    for method in ("enable", "website_enable", "website_disable"):
        assert provider.manage(method=method, username="a@x.com").errors

    provider.switch(disable_alias="off")
    assert provider.manage(method="disable", username="a@x.com").errors
    assert provider.version == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("user", ["nobody", "gone@x.com"])
def test_c32_an_unknown_customer_is_reported_as_not_found(provider: Provider, method: str, user: str) -> None:
    answer = provider.manage(method=method, user=user)

    assert answer.content == UNF
    body = b'{"message":"User not found"}'
    if provider.dialect.format == "xml":
        body = answer.body[:43] + b"<result><message>User not found</message></result>"
    assert answer.body == body


@pytest.mark.parametrize("method", METHODS)
def test_c32_by_switch_an_unknown_customer_does_not_exist(provider: Provider, method: str) -> None:
    provider.switch(unknown_user="nest")

    assert provider.manage(method=method, user="nobody").content == NO_SUCH_USER


@pytest.mark.parametrize("method", METHODS)
def test_c33_without_a_user_nothing_changes(provider: Provider, method: str) -> None:
    assert provider.manage(method=method).errors

    assert provider.version == 0


def test_c34_website_disable_stops_logging_in_and_not_sending(provider: Provider) -> None:
    provider.switch(row_extra="website_access")

    assert provider.manage(method="website_disable", user="a@x.com").content == OK

    assert (provider.row("a@x.com")["website_access"], provider.row("a@x.com")["active"]) == ("false", "true")


def test_c35_website_enable_does_not_let_a_disabled_customer_send(provider: Provider) -> None:
    provider.manage(method="website_disable", user="b@x.com")

    assert provider.manage(method="website_enable", user="b@x.com").content == OK

    assert flags(provider, "b@x.com") == (False, True)
