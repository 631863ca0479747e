"""Credentials: added once, rotated as often as one likes, deleted once; the one edition has them, the other not."""

import pytest

from tests.checks.rig import DISTRIBUTOR, NO_SUCH_USER, NOT_FOUND, OK, RESELLER_DIALECTS, Dialect, Provider

NAME = {"user": "a@x.com", "credential_name": "cred1"}
ADD = {"task": "add", "user": "a@x.com", "credential_name": "cred2", "credential_password": "secret1"}
EDIT = {**NAME, "task": "edit", "new_credential_password": "rotated"}
DELETE = {**NAME, "task": "delete"}


@pytest.fixture(params=RESELLER_DIALECTS, ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


def credentials(provider: Provider, username: str = "a@x.com") -> dict[str, str]:
    """Names and digests."""
    return provider.customer(username).credentials


def test_c55_a_credential_is_added(provider: Provider) -> None:
    assert provider.post("credential", **ADD).content == OK

    assert credentials(provider)["cred2"] == provider.sandbox.digest("secret1")
    assert (provider.last.operation, provider.last.credential_name) == ("credential_add", "cred2")


@pytest.mark.parametrize("task", [ADD, EDIT, DELETE], ids=["add", "edit", "delete"])
@pytest.mark.parametrize("format_", ["json", "xml"])
def test_c55_the_other_edition_has_no_credentials(provider: Provider, task: dict[str, str], format_: str) -> None:
    provider.dialect = Dialect(DISTRIBUTOR, format_)

    answer = provider.post("credential", **task)

    assert (answer.status, answer.content) == (404, NOT_FOUND)
    assert provider.version == 0


@pytest.mark.parametrize(
    ("name", "is_good"),
    [("ab", False), ("abc", True), ("c" * 64, True), ("c" * 65, False), ("12345", False), ("1234a", True)],
)
def test_c56_a_name_has_3_to_64_characters_and_not_digits_alone(provider: Provider, name: str, is_good: bool) -> None:
    content = provider.post("credential", **{**ADD, "credential_name": name}).content

    assert (content == OK) is is_good
    assert (name in credentials(provider)) is is_good


def test_c57_a_password_has_six_characters_or_more(provider: Provider) -> None:
    assert provider.post("credential", **{**ADD, "credential_password": "12345"}).errors
    assert provider.post("credential", **{**EDIT, "new_credential_password": "12345"}).errors
    assert provider.post("credential", **{**ADD, "credential_password": "123456"}).content == OK
    assert provider.post("credential", **{**EDIT, "new_credential_password": "123456"}).content == OK


@pytest.mark.parametrize("name", ["cred1", "CRED1", "b@x.com", "theirs@x.com", "gone@x.com", "acme"])
def test_c58_a_name_in_use_is_refused_and_keeps_its_password(provider: Provider, name: str) -> None:
    before = provider.sandbox.state()

    assert provider.post("credential", **{**ADD, "credential_name": name}).errors == [
        "Credential Resource Already Exists"
    ]

    assert provider.sandbox.state() == before


def test_c59_a_rotation_sets_the_password_and_may_be_repeated(provider: Provider) -> None:
    assert [provider.post("credential", **EDIT).content for _ in range(2)] == [OK, OK]

    assert credentials(provider) == {"cred1": provider.sandbox.digest("rotated")}
    assert [entry.effect for entry in provider.sandbox.journal()] == ["changed", "unchanged"]


def test_c60_a_rotation_with_the_other_calls_argument_changes_nothing(provider: Provider) -> None:
    call = {**NAME, "task": "edit", "credential_password": "rotated"}

    assert provider.post("credential", **call).errors == ["Missing new_credential_password parameter"]
    assert (provider.version, provider.last.secret_digest) == (0, provider.sandbox.digest("rotated"))


@pytest.mark.parametrize("task", [EDIT, DELETE], ids=["edit", "delete"])
@pytest.mark.parametrize("whose", [{"credential_name": "cred9"}, {"user": "b@x.com"}, {"user": "theirs@x.com"}])
def test_c61_a_credential_of_nobody_or_another_is_refused(
    provider: Provider, task: dict[str, str], whose: dict[str, str]
) -> None:
    assert provider.post("credential", **{**task, **whose}).errors

    assert provider.version == 0


def test_c61_by_switch_an_unknown_owner_does_not_exist(provider: Provider) -> None:
    provider.switch(unknown_user="nest")

    assert [provider.post("credential", **{**one, "user": "nobody"}).content for one in (ADD, EDIT, DELETE)] == [
        NO_SUCH_USER
    ] * 3


def test_c62_a_credential_is_deleted_once_and_its_name_free(provider: Provider) -> None:
    assert provider.post("credential", **{**DELETE, "credential_name": "CRED1"}).content == OK
    assert provider.post("credential", **DELETE).errors

    assert credentials(provider) == {}
    assert provider.post("credential", **{**ADD, "credential_name": "cred1", "user": "b@x.com"}).content == OK


def test_c62_a_deletion_needs_no_password(provider: Provider) -> None:
    assert provider.post("credential", task="delete", user="a@x.com").errors == ["Missing credential_name parameter"]
    assert provider.post("credential", task="delete", credential_name="cred1").errors == ["Missing user parameter"]
