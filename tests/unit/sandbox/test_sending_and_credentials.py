"""Enable, disable, and the credentials of a customer."""

import json
from collections.abc import Callable

import pytest

from sandbox.provider.accounts.snapshot import take_snapshot
from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.settings import ErrorStatus, Switches, UnknownUser
from sandbox.provider.standin import StandIn

Say = Callable[..., Answer]

EDIT = {"task": "edit", "user": "a@x.com", "credential_name": "cred1"}
ADD = {"task": "add", "user": "a@x.com", "credential_name": "cred2", "credential_password": "secret1"}


def active(standin: StandIn, username: str) -> bool:
    return take_snapshot(standin.accounts).customers[username].active


def digest_of(standin: StandIn, credential: str) -> str | None:
    return take_snapshot(standin.accounts).customers["a@x.com"].credentials.get(credential)


def test_c28_c29_enable_lets_a_customer_send_and_may_be_repeated(say: Say, standin: StandIn) -> None:
    for _ in range(2):
        assert say("manage", method="enable", user="b@x.com").kind is AnswerKind.OK
        assert active(standin, "b@x.com")

    assert [entry.effect for entry in standin.journal.after(0, 9)] == ["changed", "unchanged"]


def test_c30_disable_stops_sending_and_leaves_website_access(say: Say, standin: StandIn) -> None:
    assert say("manage", method="disable", user="a@x.com").kind is AnswerKind.OK

    assert not active(standin, "a@x.com")
    assert take_snapshot(standin.accounts).customers["a@x.com"].website_access


def test_c31_disable_reads_username_too_unless_switched_off(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(disable_alias=False)
    assert say("manage", method="disable", username="a@x.com").kind is AnswerKind.ERR

    standin.switches = Switches()
    assert say("manage", method="disable", username="a@x.com").kind is AnswerKind.OK


def test_c31_disable_refuses_two_different_customers(say: Say, standin: StandIn) -> None:
    assert say("manage", method="disable", user="a@x.com", username="aa@x.com").kind is AnswerKind.ERR
    assert standin.accounts.version == 0


@pytest.mark.parametrize("method", ["enable", "disable"])
@pytest.mark.parametrize("user", ["nobody", "theirs@x.com", "gone@x.com"])
def test_c32_c64_an_unknown_customer_gets_exactly_the_bare_object(say: Say, method: str, user: str) -> None:
    answer = say("manage", method=method, user=user)

    assert (answer.status, answer.body) == (200, b'{"message":"User not found"}')


def test_c32_by_switch_an_unknown_customer_is_a_nested_error(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(unknown_user=UnknownUser.NEST)

    body = say("manage", method="enable", user="nobody").body

    assert json.loads(body) == {"error": {"code": 400, "message": "User does not exist"}}


@pytest.mark.parametrize("method", ["enable", "disable"])
def test_c33_without_a_user_nothing_changes(say: Say, standin: StandIn, method: str) -> None:
    assert say("manage", method=method).kind is AnswerKind.ERR
    assert standin.accounts.version == 0


def test_c55_c58_a_credential_is_added_once(say: Say, standin: StandIn) -> None:
    assert say("credential", **ADD).kind is AnswerKind.OK
    again = say("credential", **{**ADD, "credential_password": "secret2"})

    assert json.loads(again.body)["errors"] == ["Credential Resource Already Exists"]
    assert digest_of(standin, "cred2") == standin.seal.digest("secret1")


@pytest.mark.parametrize("name", ["cred1", "b@x.com", "theirs@x.com", "gone@x.com"])
def test_c58_any_name_in_use_is_taken_for_credentials(say: Say, name: str) -> None:
    assert say("credential", **{**ADD, "credential_name": name}).kind is AnswerKind.ERR


def test_c56_a_credential_name_that_is_numeric_is_refused(say: Say) -> None:
    assert say("credential", **{**ADD, "credential_name": "12345"}).kind is AnswerKind.ERR


@pytest.mark.parametrize(("password", "kind"), [("12345", AnswerKind.ERR), ("123456", AnswerKind.OK)])
def test_c57_a_credentials_password_has_six_characters_or_more(say: Say, password: str, kind: AnswerKind) -> None:
    assert say("credential", **{**ADD, "credential_password": password}).kind is kind
    assert say("credential", **EDIT, new_credential_password=password).kind is kind


def test_c59_an_edit_sets_the_password_and_may_be_repeated(say: Say, standin: StandIn) -> None:
    for _ in range(2):
        assert say("credential", **EDIT, new_credential_password="rotated").kind is AnswerKind.OK

    assert digest_of(standin, "cred1") == standin.seal.digest("rotated")
    assert [entry.effect for entry in standin.journal.after(0, 9)] == ["changed", "unchanged"]


def test_c60_an_edit_with_the_other_calls_argument_changes_nothing(say: Say, standin: StandIn) -> None:
    answer = say("credential", **EDIT, credential_password="rotated")

    assert json.loads(answer.body)["errors"] == ["Missing new_credential_password parameter"]
    assert standin.accounts.version == 0


@pytest.mark.parametrize(("user", "name"), [("a@x.com", "cred9"), ("b@x.com", "cred1"), ("nobody", "cred1")])
def test_c61_only_a_credential_of_that_customer_is_edited(say: Say, standin: StandIn, user: str, name: str) -> None:
    form = {**EDIT, "user": user, "credential_name": name}

    assert say("credential", **form, new_credential_password="rotated").kind is AnswerKind.ERR
    assert standin.accounts.version == 0


def test_c73_by_switch_errors_carry_a_client_error_status(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(error_status=ErrorStatus.CLIENT_ERROR)
    refused, unknown = say("add"), say("manage", method="enable", user="nobody")

    assert (refused.status, unknown.status) == (400, 404)
    assert say("manage", method="enable", user="b@x.com").status == 200
