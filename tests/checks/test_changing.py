"""Set profile, password and email: what changes, and what must not."""

import pytest

from tests.checks.rig import LIST, NO_SUCH_USER, NOT_FOUND, OK, Provider

SET = {"method": "profile", "task": "set", "user": "a@x.com"}
PASSWORD = {"method": "password", "user": "a@x.com"}
EMAIL = {"method": "profile", "task": "setEmail", "user": "a@x.com"}
TEN = ["first_name", "last_name", "address", "city", "state", "country", "zip", "phone", "website", "company"]


def test_c36_only_what_was_sent_changes(provider: Provider) -> None:
    before = provider.sandbox.state()

    assert provider.manage(**SET, city="Z").content == OK

    after = provider.sandbox.state()
    changed = before.customers["a@x.com"].model_copy(update={"city": "Z"})
    assert after.customers == {**before.customers, "a@x.com": changed}
    assert provider.row("a@x.com")["city"] == "Z"


def test_c36_all_ten_fields_can_be_set_and_set_again(provider: Provider) -> None:
    wanted = {name: f"new {name}" for name in TEN}

    assert [provider.manage(**SET, **wanted).content for _ in range(2)] == [OK, OK]

    assert {name: getattr(provider.customer("a@x.com"), name) for name in TEN} == wanted
    assert provider.last.effect == "unchanged"


@pytest.mark.parametrize(
    "call",
    [
        {"method": "profile", "task": "set", "city": "Z"},
        {"method": "password", "password": "secret1", "confirm_password": "secret1"},
        {"method": "profile", "task": "setEmail", "email": "z@x.com"},
        {"method": "profile", "task": "setUsername", "username": "z@x.com"},
    ],
    ids=["profile", "password", "email", "username"],
)
def test_c37_an_unknown_customer_is_an_error(provider: Provider, call: dict[str, str]) -> None:
    assert provider.manage(**call, user="nobody").errors
    assert provider.manage(**call).errors == ["Missing user parameter"]

    provider.switch(unknown_user="nest")
    assert provider.manage(**call, user="nobody").content == NO_SUCH_USER
    assert provider.version == 0


def test_c38_a_company_is_set_and_never_shown(provider: Provider) -> None:
    assert provider.manage(**SET, company="Z").content == OK

    assert "company" not in provider.row("a@x.com")
    assert provider.customer("a@x.com").company == "Z"


def test_c39_an_empty_value_is_stored_and_an_unknown_argument_ignored(provider: Provider) -> None:
    assert provider.manage(**SET, last_name="", newLastName="").content == OK

    row = provider.row("a@x.com")
    assert row["last_name"] == ""
    assert "newLastName" not in row


def test_c39_by_switch_an_empty_value_is_ignored(provider: Provider) -> None:
    provider.switch(empty_on_set="ignore")

    assert provider.manage(**SET, last_name="", city="Z").content == OK

    assert (provider.row("a@x.com")["last_name"], provider.row("a@x.com")["city"]) == ("Byron", "Z")


def test_c40_a_password_that_is_confirmed_is_set_and_may_be_set_again(provider: Provider) -> None:
    call = {**PASSWORD, "password": "newPassword", "confirm_password": "newPassword"}

    assert [provider.manage(**call).content for _ in range(2)] == [OK, OK]

    assert provider.customer("a@x.com").password_digest == provider.sandbox.digest("newPassword")
    assert [entry.effect for entry in provider.sandbox.journal()] == ["changed", "unchanged"]
    assert provider.last.secret_digest == provider.sandbox.digest("newPassword")


@pytest.mark.parametrize(("password", "confirmation"), [("newPasword", "newPassword"), ("12345", "12345")])
def test_c40_a_password_too_short_or_confirmed_otherwise_is_refused(
    provider: Provider, password: str, confirmation: str
) -> None:
    assert provider.manage(**PASSWORD, password=password, confirm_password=confirmation).errors

    assert provider.version == 0


@pytest.mark.parametrize("name", ["password", "confirm_password"])
def test_c41_a_missing_password_is_named(provider: Provider, name: str) -> None:
    given = {"password": "secret1", "confirm_password": "secret1"}
    del given[name]

    assert provider.manage(**PASSWORD, **given).errors == [f"Missing {name} parameter"]


def test_c42_no_list_holds_a_password(provider: Provider) -> None:
    provider.switch(row_extra="id,address2,website_access")

    body = provider.manage(**LIST).body.decode("iso-8859-1")

    assert "password" not in body
    assert provider.customer("a@x.com").password_digest not in body


def test_c50_an_email_changes_at_once(provider: Provider) -> None:
    assert [provider.manage(**EMAIL, email="z@y.org").content for _ in range(2)] == [OK, OK]

    assert [entry.email for entry in provider.sandbox.journal()] == ["z@y.org", "z@y.org"]
    assert provider.row("a@x.com")["email"] == "z@y.org"


def test_c51_a_password_call_never_sets_an_email(provider: Provider) -> None:
    answer = provider.manage(**{**EMAIL, "method": "password"}, email="z@y.org")

    assert "Missing password parameter" in answer.errors
    assert provider.row("a@x.com")["email"] == "a@x.com"


def test_c52_an_email_has_its_form_and_at_most_100_characters(provider: Provider) -> None:
    for email in ("e" * 95 + "@x.com", "no-at-sign", ""):
        assert len(provider.manage(**EMAIL, email=email).errors) == 1

    assert provider.manage(**EMAIL, email="e" * 94 + "@x.com").content == OK


def test_c49_a_task_in_another_case_is_not_found(provider: Provider) -> None:
    for task in ("setusername", "setemail", "Set"):
        answer = provider.manage(**{**EMAIL, "task": task}, username="c@x.com", email="z@y.org")
        assert (answer.status, answer.content) == (404, NOT_FOUND)

    assert provider.version == 0
