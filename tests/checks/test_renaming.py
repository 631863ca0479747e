"""Set username: the name moves, everything else stays, and nobody loses a name by it."""

import pytest

from tests.checks.rig import NEW, OK, UNF, Provider

RENAME = {"method": "profile", "task": "setUsername", "user": "a@x.com"}


def test_c43_a_customer_keeps_all_but_its_name(provider: Provider) -> None:
    before = provider.sandbox.state()

    assert provider.manage(**RENAME, username="c@x.com").content == OK

    after = provider.sandbox.state()
    assert after.customers["c@x.com"] == before.customers["a@x.com"].model_copy(update={"username": "c@x.com"})
    assert after.customers["c@x.com"].credentials
    assert provider.names() == ["c@x.com", "b@x.com", "aa@x.com"]
    assert (provider.sandbox.journal()[0].username, provider.sandbox.journal()[0].new_username) == (
        "a@x.com",
        "c@x.com",
    )


def test_c43_the_old_name_is_unknown_and_free(provider: Provider) -> None:
    provider.manage(**RENAME, username="c@x.com")

    assert provider.manage(method="enable", user="a@x.com").content == UNF
    assert provider.manage(method="enable", user="c@x.com").content == OK
    assert provider.sandbox.state().tombstones == ("gone@x.com",)
    assert provider.post("add", **{**NEW, "username": "a@x.com"}).content == OK


def test_c44_a_repeat_fails_and_changes_nothing(provider: Provider) -> None:
    provider.manage(**RENAME, username="c@x.com")
    before = provider.sandbox.state()

    assert provider.manage(**RENAME, username="c@x.com").errors

    assert provider.sandbox.state() == before


@pytest.mark.parametrize("name", ["b@x.com", "B@X.com", "gone@x.com", "theirs@x.com", "a@x.com"])
def test_c45_a_name_in_use_or_buried_is_refused(provider: Provider, name: str) -> None:
    assert provider.manage(**RENAME, username=name).errors == ["Credential Resource Already Exists"]

    assert provider.version == 0


def test_c45_by_switch_a_buried_name_is_free(provider: Provider) -> None:
    provider.switch(tombstone="off")

    assert provider.manage(**RENAME, username="gone@x.com").content == OK


@pytest.mark.parametrize("name", ["x@SendGrid.com", "x@mail.sendgrid.com"])
def test_c46_the_providers_own_domain_is_refused(provider: Provider, name: str) -> None:
    content = "username cannot be in the provider's own domain"
    assert provider.manage(**RENAME, username=name).errors == [content]
    assert provider.version == 0

    assert provider.post("add", **{**NEW, "username": name}).content == OK


@pytest.mark.parametrize("name", ["x@SendGrid.com", "x@mail.sendgrid.com"])
def test_c46_by_switch_on_create_as_well(provider: Provider, name: str) -> None:
    provider.switch(sendgrid_domain_on_create="on")

    assert provider.post("add", **{**NEW, "username": name}).errors
    assert provider.post("add", **{**NEW, "username": "sendgrid.com@x.org"}).content == OK


@pytest.mark.parametrize("most", [100, 64])
def test_c47_a_new_name_has_at_most_100_characters_or_by_switch_64(provider: Provider, most: int) -> None:
    if most != 100:
        provider.switch(setusername_max=most)
    longest = "u" * (most - 6) + "@x.com"

    assert provider.manage(**RENAME, username=f"u{longest}").errors
    assert provider.manage(**RENAME, username=longest).content == OK


def test_c48_a_new_name_has_the_form_of_an_email(provider: Provider) -> None:
    assert provider.manage(**RENAME, username="plain-name").errors
    assert provider.version == 0

    provider.switch(email_form="off")
    assert provider.manage(**RENAME, username="plain-name").content == OK
