"""The newer API: whose profile a call changes, and what it says when it changes none."""

from typing import Any

import pytest

from tests.checks.rig import RESELLER, Dialect, Provider, Reply

PROFILE = "/v3/user/profile"
USERNAME = "/v3/user/username"
ELEVEN = {
    *("address", "address2", "city", "company", "country", "first_name"),
    *("last_name", "phone", "state", "website", "zip"),
}


@pytest.fixture(params=[Dialect(RESELLER, "json")], ids=["v3"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


def refusal(reply: Reply) -> tuple[int, str]:
    """The status and the one text of an error of the newer API."""
    (error,) = reply.content["errors"]
    assert set(error) == {"field", "message"}
    return reply.status, error["message"]


def profile_of(provider: Provider, username: str) -> dict[str, str]:
    """What the provider holds of a customer's profile."""
    return {name: getattr(provider.customer(username), name) for name in ELEVEN}


def patch(provider: Provider, document: object, **headers: str) -> Reply:
    """One call that changes a profile."""
    return provider.v3("PATCH", PROFILE, document, **headers)


def test_c65_one_field_changes_and_all_eleven_are_reported(provider: Provider) -> None:
    before = profile_of(provider, "a@x.com")

    answer = patch(provider, {"city": "Z"}, On_Behalf_Of="a@x.com")

    assert (answer.status, set(answer.content)) == (200, ELEVEN)
    assert answer.content == {**before, "city": "Z"} == profile_of(provider, "a@x.com")
    assert answer.headers["content-type"] == "application/json"
    assert provider.row("a@x.com")["city"] == "Z"


def test_c65_every_field_can_be_set_and_emptied_and_what_is_none_is_ignored(provider: Provider) -> None:
    wanted = {name: f"new {name}" for name in ELEVEN}

    assert patch(provider, {**wanted, "email": "z@x.com"}, On_Behalf_Of="a@x.com").content == wanted
    assert patch(provider, {"address2": ""}, On_Behalf_Of="a@x.com").content == {**wanted, "address2": ""}
    assert provider.customer("a@x.com").email == "a@x.com"
    assert provider.v3("GET", PROFILE, On_Behalf_Of="a@x.com").content == {**wanted, "address2": ""}


def test_c65_a_repeat_changes_nothing(provider: Provider) -> None:
    for _ in range(2):
        assert patch(provider, {"city": "Z"}, On_Behalf_Of="a@x.com").status == 200

    assert [entry.effect for entry in provider.sandbox.journal()] == ["changed", "unchanged"]


@pytest.mark.parametrize("document", [{}, {"email": "z@x.com"}, [], "city", {"city": 1}, {"city": None}, None])
def test_c66_without_a_field_to_set_nothing_changes(provider: Provider, document: Any) -> None:  # noqa: ANN401 - wrong on purpose
    assert refusal(patch(provider, document, On_Behalf_Of="a@x.com"))[0] == 400

    assert provider.version == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", pytest.param(b"[" * 100_000, id="deep"), b'{"city": "\\ud800"}', b'{"city": ["Z"]}']
)
def test_c66_a_body_that_cannot_be_read_changes_nothing(provider: Provider, body: bytes) -> None:
    assert refusal(provider.send("PATCH", PROFILE, body, Authorization="Bearer SG.acme"))[0] == 400

    assert provider.version == 0


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer SG.nobody", "Bearer ", "SG.acme", "Basic SG.acme", "Bearer pw"]
)
@pytest.mark.parametrize(("verb", "path"), [("PATCH", PROFILE), ("GET", PROFILE), ("GET", USERNAME)])
def test_c67_without_the_right_bearer_nothing_is_shown_or_changed(
    provider: Provider, verb: str, path: str, authorization: str
) -> None:
    answer = provider.v3(verb, path, {"city": "Z"}, Authorization=authorization)

    assert refusal(answer) == (401, "authorization required")
    assert provider.version == 0


def test_c67_the_word_bearer_may_be_in_any_case(provider: Provider) -> None:
    assert provider.v3("GET", USERNAME, Authorization="bearer  SG.acme ").content["username"] == "acme"


def test_c67_the_older_login_is_no_bearer(provider: Provider) -> None:
    answer = provider.send("GET", f"{USERNAME}?api_user=acme&api_key=pw")

    assert refusal(answer) == (401, "authorization required")


@pytest.mark.parametrize("name", ["On_Behalf_Of", "on_behalf_of", "ON_BEHALF_OF"])
@pytest.mark.parametrize("whom", ["a@x.com", "account-id 1"])
def test_c68_on_behalf_of_a_customer_that_customer_alone_changes(provider: Provider, name: str, whom: str) -> None:
    before = provider.sandbox.state()

    assert patch(provider, {"city": "Z"}, **{name: whom}).status == 200

    after = provider.sandbox.state()
    assert after.customers["a@x.com"] == before.customers["a@x.com"].model_copy(update={"city": "Z"})
    assert after.profiles == before.profiles
    assert after.version == before.version + 1
    assert (provider.last.username, provider.last.on_behalf_of) == ("a@x.com", whom)


def test_c68_on_nobodys_behalf_the_resellers_own_profile_changes(provider: Provider) -> None:
    before = provider.sandbox.state()

    answer = patch(provider, {"city": "Z"})

    after = provider.sandbox.state()
    assert answer.content == after.profiles["acme"] == {**before.profiles["acme"], "city": "Z"}
    assert after.profiles["other"] == before.profiles["other"]
    assert after.customers == before.customers


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"On_Behalf_Of": "a@x.com"}, {"username": "a@x.com", "user_id": 1}),
        ({"On_Behalf_Of": "A@X.com"}, {"username": "a@x.com", "user_id": 1}),
        ({"On_Behalf_Of": "account-id 2"}, {"username": "b@x.com", "user_id": 2}),
        ({"On_Behalf_Of": "Account-ID  2"}, {"username": "b@x.com", "user_id": 2}),
    ],
)
def test_c68_whom_a_call_acts_for_can_be_asked(provider: Provider, headers: dict[str, str], content: object) -> None:
    assert provider.v3("GET", USERNAME, **headers).content == content
    assert provider.last.effect == "read"


def test_c68_without_the_header_it_is_the_reseller(provider: Provider) -> None:
    assert provider.v3("GET", USERNAME).content["username"] == "acme"
    assert provider.v3("GET", USERNAME, Authorization="Bearer SG.other").content["username"] == "other"


STRANGERS = [
    *("nobody", "theirs@x.com", "gone@x.com", "acme", "1"),
    *(f"account-id{number}" for number in ("", " ", " 4", " 99", " -1", " a@x.com", " \xb2")),
    pytest.param(f"account-id {'1' * 5000}", id="account-id of 5000 digits"),
]


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(("switch", "status"), [("error", 400), ("forbidden", 403)])
def test_c69_on_an_unknown_ones_behalf_is_refused(provider: Provider, stranger: str, switch: str, status: int) -> None:
    if switch != "error":
        provider.switch(obo_unknown=switch)

    assert refusal(patch(provider, {"city": "Z"}, On_Behalf_Of=stranger))[0] == status
    assert refusal(provider.v3("GET", USERNAME, On_Behalf_Of=stranger))[0] == status
    assert provider.version == 0


@pytest.mark.parametrize("stranger", STRANGERS)
def test_c69_by_switch_the_reseller_itself_is_changed(provider: Provider, stranger: str) -> None:
    provider.switch(obo_unknown="ignore")

    assert provider.v3("GET", USERNAME, On_Behalf_Of=stranger).content["username"] == "acme"
    assert patch(provider, {"city": "Z"}, On_Behalf_Of=stranger).status == 200
    assert provider.sandbox.state().profiles["acme"]["city"] == "Z"


def test_c69_a_deleted_customers_number_is_nobodys(provider: Provider) -> None:
    provider.post("delete", user="a@x.com")

    assert refusal(provider.v3("GET", USERNAME, On_Behalf_Of="account-id 1"))[0] == 400


def test_c68_a_number_stays_when_the_name_changes(provider: Provider) -> None:
    provider.manage(method="profile", task="setUsername", user="a@x.com", username="c@x.com")

    assert provider.v3("GET", USERNAME, On_Behalf_Of="account-id 1").content == {"username": "c@x.com", "user_id": 1}
