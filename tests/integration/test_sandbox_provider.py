"""The stand-in provider over real sockets: what it accepts, refuses and remembers."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import requests

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.accounts.snapshot import CustomerSnapshot
from sandbox.provider.remote import RemoteError, RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import ErrorStatus, SandboxConfig, Switches

Post = Callable[..., requests.Response]

OK = {"message": "success"}
UNF = {"message": "User not found"}
NOT_FOUND = {"error": {"code": 404, "message": "Not found"}}
ON_28_FEBRUARY = Switches(today=date(2011, 2, 28))
LIST = {"method": "profile", "task": "get"}
ADD_CREDENTIAL = {"task": "add", "user": "a@x.com", "credential_name": "cred2", "credential_password": "secret1"}
EDIT_CREDENTIAL = {"task": "edit", "user": "a@x.com", "credential_name": "cred1"}
NEW = {
    **dict.fromkeys(("first_name", "last_name", "address", "city", "state"), "x"),
    **dict.fromkeys(("zip", "country", "phone", "company"), "x"),
    "username": "new@x.com",
    "email": "new@x.com",
    "password": "secret1",
    "confirm_password": "secret1",
    "website": "example.com",
    "package": "Basic",
    "whitelabel": "mail.example.com",
}


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed(), switches=ON_28_FEBRUARY)) as remote:
        yield remote


@pytest.fixture
def sandbox(server: RemoteSandbox) -> RemoteSandbox:
    server.reset()
    return server


@pytest.fixture
def post(sandbox: RemoteSandbox) -> Iterator[Post]:
    """Posts a form to an action of the reseller edition, as acme."""
    with requests.Session() as session:
        session.trust_env = False

        def call(action: str, **form: object) -> requests.Response:
            url = f"{sandbox.url}/apiv2/reseller.{action}.json"
            return session.post(url, data={"api_user": "acme", "api_key": "pw", **form}, timeout=10)

        yield call


def customer(sandbox: RemoteSandbox, username: str) -> CustomerSnapshot:
    """What the provider holds about a customer."""
    return sandbox.state(username).customers[username]


def rows(post: Post, **filters: str) -> list[dict[str, Any]]:
    """What a search answers."""
    found = post("manage", **LIST, **filters).json()
    assert isinstance(found, list)
    return found


def test_c01_a_customer_with_all_required_fields_is_created(sandbox: RemoteSandbox, post: Post) -> None:
    answer = post("add", **NEW)

    assert (answer.status_code, answer.json()) == (200, OK)
    assert answer.headers["Content-Type"] == "application/json"
    assert [(row["username"], row["active"]) for row in rows(post, username="new@x.com")] == [("new@x.com", "true")]
    assert customer(sandbox, "new@x.com").password_digest == sandbox.digest("secret1")


def test_c04_a_get_with_everything_in_the_query_does_the_same(sandbox: RemoteSandbox) -> None:
    query = {"api_user": "acme", "api_key": "pw", **NEW}

    answer = requests.get(f"{sandbox.url}/apiv2/reseller.add.json", params=query, timeout=10)

    assert answer.json() == OK
    (entry,) = sandbox.journal()
    assert set(entry.query_names) == set(query)


def test_c05_each_required_field_can_be_missing_and_nothing_is_created(sandbox: RemoteSandbox, post: Post) -> None:
    for name in NEW:
        without = {key: value for key, value in NEW.items() if key != name}
        assert post("add", **without).json() == {"message": "error", "errors": [f"Missing {name} parameter"]}

    assert sandbox.state().version == 0


def test_c06_several_faults_are_told_at_once(post: Post) -> None:
    told = post("add", **{**NEW, "email": "bad", "zip": "z" * 51, "package": "No"}).json()

    assert len(told["errors"]) == 3


GOOD = [
    ("C07", {"username": "u" * 64}),
    ("C08", {"email": "e" * 58 + "@x.com"}),
    ("C09", {"first_name": "x" * 50, "address": "x" * 100, "zip": "x" * 50, "phone": "x" * 50, "website": "x" * 255}),
    ("C10", {"zip": "not-a-zip"}),
    ("C11", {"password": "123456", "confirm_password": "123456"}),
    ("C15", {"ip[]": ["10.0.0.1", "10.0.0.2"]}),
    ("C17", {"free_user": "true"}),
    ("C17", {"free_user": "false"}),
    ("C18", {"billing_date": "2011-03-28"}),
]
BAD = [
    ("C07", {"username": "u" * 65}),
    ("C08", {"email": "e" * 59 + "@x.com"}),
    ("C08", {"email": "no-at-sign"}),
    *(("C09", {name: "x" * 51}) for name in ("first_name", "last_name", "zip", "phone")),
    *(("C09", {name: "x" * 101}) for name in ("address", "city", "state", "country")),
    *(("C09", {name: "x" * 256}) for name in ("website", "company")),
    ("C11", {"password": "12345", "confirm_password": "12345"}),
    ("C12", {"confirm_password": "secret2"}),
    ("C13", {"username": "a@x.com"}),
    ("C14", {"username": "gone@x.com"}),
    ("C15", {"ip[]": ["10.0.0.1", "10.0.0.9"]}),
    ("C16", {"ip_group[]": "unknown"}),
    ("C17", {"free_user": "tru"}),
    ("C18", {"billing_date": "2011-03-29"}),
    ("C18", {"billing_date": "3/28/11"}),
    ("C19", {"package": "Platinum"}),
    ("C64", {"username": "theirs@x.com"}),
]


@pytest.mark.parametrize(("check", "change"), GOOD, ids=str)
def test_c07_to_c18_a_customer_within_every_limit_is_created(post: Post, check: str, change: dict[str, object]) -> None:
    assert post("add", **{**NEW, **change}).json() == OK, check


@pytest.mark.parametrize(("check", "change"), BAD, ids=str)
@pytest.mark.parametrize("status", ErrorStatus)
def test_c07_to_c19_c73_a_customer_beyond_a_limit_is_refused_under_either_status(
    sandbox: RemoteSandbox, post: Post, check: str, change: dict[str, object], status: ErrorStatus
) -> None:
    sandbox.set_switches(ON_28_FEBRUARY.model_copy(update={"error_status": status}))
    before = sandbox.state()

    answer = post("add", **{**NEW, **change})

    assert answer.status_code == (200 if status is ErrorStatus.ALWAYS_200 else 400), check
    assert (answer.json()["message"], len(answer.json()["errors"])) == ("error", 1)
    assert sandbox.state() == before


def test_c20_c42_rows_have_twelve_fields_and_no_password(post: Post) -> None:
    found = rows(post)

    assert [row["username"] for row in found] == ["a@x.com", "b@x.com", "aa@x.com"]
    assert {len(row) for row in found} == {12}
    assert not [name for row in found for name in row if "password" in name]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"username": "a@x.com"}, ["a@x.com", "aa@x.com"]),
        ({"username": "nobody"}, []),
        ({"username": "b@x.com"}, ["b@x.com"]),
        ({"email": "a@x.com", "city": "Any"}, ["a@x.com", "aa@x.com"]),
        ({"email": "a@x.com", "city": "Elsewhere"}, []),
        ({"active": "false"}, ["b@x.com"]),
    ],
)
def test_c22_to_c26_filters_find_what_contains_them_all(post: Post, filters: dict[str, str], found: list[str]) -> None:
    assert [row["username"] for row in rows(post, **filters)] == found


@pytest.mark.parametrize("task", [{}, {"task": "ge"}, {"task": "setusername"}])
def test_c27_c49_a_missing_or_misspelled_task_is_not_found(post: Post, task: dict[str, str]) -> None:
    answer = post("manage", method="profile", **task)

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_c28_c29_c30_sending_is_set_and_set_again(sandbox: RemoteSandbox, post: Post) -> None:
    for method, is_active in (("disable", False), ("disable", False), ("enable", True)):
        assert post("manage", method=method, user="a@x.com").json() == OK
        assert customer(sandbox, "a@x.com").active is is_active

    assert customer(sandbox, "a@x.com").website_access
    assert [entry.effect for entry in sandbox.journal()] == ["changed", "unchanged", "changed"]


@pytest.mark.parametrize("method", ["enable", "disable"])
def test_c32_c33_an_unknown_or_missing_customer_changes_nothing(
    sandbox: RemoteSandbox, post: Post, method: str
) -> None:
    assert post("manage", method=method, user="nobody").text == '{"message":"User not found"}'
    assert post("manage", method=method).json()["message"] == "error"
    assert sandbox.state().version == 0


def test_c55_c58_a_credential_is_added_once(sandbox: RemoteSandbox, post: Post) -> None:
    assert post("credential", **ADD_CREDENTIAL).json() == OK
    assert post("credential", **{**ADD_CREDENTIAL, "credential_password": "secret2"}).json()["message"] == "error"

    assert customer(sandbox, "a@x.com").credentials["cred2"] == sandbox.digest("secret1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"credential_name": "ab"}, "error"),
        ({"credential_name": "abc"}, "success"),
        ({"credential_name": "c" * 64}, "success"),
        ({"credential_name": "c" * 65}, "error"),
        ({"credential_name": "12345"}, "error"),
        ({"credential_password": "12345"}, "error"),
        ({"credential_password": "123456"}, "success"),
    ],
)
def test_c56_c57_a_credential_keeps_its_limits(post: Post, change: dict[str, str], message: str) -> None:
    assert post("credential", **{**ADD_CREDENTIAL, **change}).json()["message"] == message


def test_c59_c60_a_rotation_may_be_repeated_and_needs_its_own_argument(sandbox: RemoteSandbox, post: Post) -> None:
    for _ in range(2):
        assert post("credential", **EDIT_CREDENTIAL, new_credential_password="rotated").json() == OK
    assert post("credential", **EDIT_CREDENTIAL, credential_password="another").json()["message"] == "error"

    rotated = sandbox.digest("rotated")
    assert customer(sandbox, "a@x.com").credentials == {"cred1": rotated}
    assert [(entry.effect, entry.secret_digest) for entry in sandbox.journal()] == [
        ("changed", rotated),
        ("unchanged", rotated),
        ("refused", sandbox.digest("another")),
    ]


@pytest.mark.parametrize("change", [{"credential_name": "cred9"}, {"user": "b@x.com"}])
def test_c61_a_credential_of_nobody_or_of_another_customer_is_not_edited(post: Post, change: dict[str, str]) -> None:
    answer = post("credential", **{**EDIT_CREDENTIAL, **change}, new_credential_password="rotated")

    assert answer.json()["message"] == "error"


@pytest.mark.parametrize(
    ("action", "form"),
    [("add", NEW), ("manage", LIST), ("credential", ADD_CREDENTIAL)],
    ids=["add", "list", "credential"],
)
@pytest.mark.parametrize("status", ErrorStatus)
def test_c63_a_wrong_key_is_never_a_list_nor_a_success(
    sandbox: RemoteSandbox, post: Post, action: str, form: dict[str, str], status: ErrorStatus
) -> None:
    sandbox.set_switches(Switches(error_status=status))

    answer = post(action, **form, api_key="pw2")

    assert answer.json() == {"error": {"code": 401, "message": "Permission denied, wrong credentials"}}
    assert answer.status_code == (200 if status is ErrorStatus.ALWAYS_200 else 401)


def test_c64_another_resellers_customers_are_invisible(post: Post) -> None:
    assert "theirs@x.com" not in [row["username"] for row in rows(post)]
    assert post("manage", method="disable", user="theirs@x.com").json() == UNF


def test_c70_calls_beyond_the_limit_are_throttled_and_not_applied(sandbox: RemoteSandbox, post: Post) -> None:
    sandbox.set_switches(Switches(rate_limit=2))
    answers = [post("manage", method="disable", user="a@x.com") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"errors": [{"field": None, "message": "too many requests"}]}
    assert answers[2].headers["X-RateLimit-Limit"] == "2"
    assert answers[2].headers["X-RateLimit-Remaining"] == "0"
    assert answers[2].headers["X-RateLimit-Reset"].isdecimal()
    assert sandbox.journal()[2].effect == "not_applied"


def test_c74_a_put_is_refused_and_changes_nothing(sandbox: RemoteSandbox) -> None:
    form = {"api_user": "acme", "api_key": "pw", **NEW}

    answer = requests.put(f"{sandbox.url}/apiv2/reseller.add.json", data=form, timeout=10)

    assert answer.json() == NOT_FOUND
    assert sandbox.state().version == 0


def test_a_control_call_that_is_misspelled_is_refused_with_the_reason(sandbox: RemoteSandbox) -> None:
    with pytest.raises(RemoteError, match=r"latency.*greater than or equal to 0"):
        sandbox.set_latency(-1)
