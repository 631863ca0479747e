"""Who calls, and whose customers they may see."""

import pytest

from tests.checks.rig import LIST, LOGIN, NEW, OK, UNF, Provider

DENIED = {"error": {"code": 401, "message": "Permission denied, wrong credentials"}}
CALLS = [
    ("add", NEW),
    ("delete", {"user": "a@x.com"}),
    ("manage", LIST),
    ("manage", {"method": "disable", "user": "a@x.com"}),
    ("manage", {"method": "website_disable", "user": "a@x.com"}),
    ("manage", {"method": "profile", "task": "set", "user": "a@x.com", "city": "Z"}),
    ("manage", {"method": "profile", "task": "setUsername", "user": "a@x.com", "username": "c@x.com"}),
    ("credential", {"task": "delete", "user": "a@x.com", "credential_name": "cred1"}),
    ("nonsense", {}),
]


@pytest.mark.parametrize("wrong", [{"api_key": "pw2"}, {"api_key": ""}, {"api_user": "nobody"}])
def test_c63_a_wrong_login_is_never_a_list_nor_a_success(provider: Provider, wrong: dict[str, str]) -> None:
    for action, form in CALLS:
        assert provider.post(action, **form, **wrong).content == DENIED

    assert provider.version == 0


def test_c63_by_switch_it_is_a_list_of_errors(provider: Provider) -> None:
    provider.switch(auth_error="errors")

    for action, form in CALLS:
        assert provider.post(action, **form, api_key="pw2").errors == ["Permission denied, wrong credentials"]


def test_c63_by_switch_it_is_a_403_labelled_html(provider: Provider) -> None:
    provider.switch(auth_error="html403")

    answers = [provider.post(action, **form, api_key="pw2") for action, form in CALLS]

    assert {answer.status for answer in answers} == {403}
    assert {answer.headers["content-type"] for answer in answers} == {"text/html"}
    assert {answer.body for answer in answers} == {b'{"error": "Bad username / password"}'}


def test_c64_another_resellers_customers_cannot_be_seen_or_changed(provider: Provider) -> None:
    before = provider.sandbox.state()

    assert provider.names(username="theirs") == []
    assert provider.manage(method="disable", user="theirs@x.com").content == UNF
    assert provider.manage(method="profile", task="set", user="theirs@x.com", city="Z").errors
    assert provider.post("delete", user="theirs@x.com").errors
    assert provider.sandbox.state() == before


def test_c64_but_their_names_are_taken(provider: Provider) -> None:
    assert provider.post("add", **{**NEW, "username": "theirs@x.com"}).errors == ["Credential Resource Already Exists"]


def test_c64_the_other_reseller_sees_its_own_alone(provider: Provider) -> None:
    theirs = {**LIST, "api_user": "other", "api_key": "pw2"}

    assert [row["username"] for row in provider.manage(**theirs).content] == ["theirs@x.com"]
    assert provider.manage(method="disable", user="theirs@x.com", api_user="other", api_key="pw2").content == OK
    assert provider.post("add", **{**NEW, **LOGIN, "api_user": "other", "api_key": "pw2"}).content == OK
    assert provider.names() == ["a@x.com", "b@x.com", "aa@x.com"]
