"""The provider's operations over a transport that only listens: what is sent, and what is found."""

import pytest

from messages.commands import CreateCustomer
from tests.support.work_samples import PASSWORD, USERNAME, create_command, disable_command, rotate_command
from tests.unit.provider.rig import KEY, LOGIN_REFUSED, Rig
from worker.errors import OutcomeUnknown, ProviderError, Throttled, Unauthorized


@pytest.fixture
def rig() -> Rig:
    return Rig()


def rows(*usernames: str) -> bytes:
    return b"[" + b",".join(f'{{"username":"{name}"}}'.encode() for name in usernames) + b"]"


def test_a_create_sends_every_field_and_the_password_twice(rig: Rig) -> None:
    rig.client.create(create_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.add.json"
    expected = {name: str(value) for name, value in create_command().revealed().items()}
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, "confirm_password": PASSWORD, **expected}


def test_lists_dates_and_truths_are_written_as_the_provider_reads_them(rig: Rig) -> None:
    data = {
        **create_command().revealed(),
        "ip": ["10.0.0.1", "10.0.0.2"],
        "free_user": False,
        "billing_date": "2026-12-01",
    }

    rig.client.create(CreateCustomer.model_validate(data))

    form = rig.transport.posted[0][1]
    assert [value for name, value in form if name == "ip[]"] == ["10.0.0.1", "10.0.0.2"]
    assert ("free_user", "false") in form
    assert ("billing_date", "2026-12-01") in form
    assert "ip" not in dict(form)


def test_a_disable_names_the_customer_as_user(rig: Rig) -> None:
    rig.client.disable(disable_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.manage.json"
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, "method": "disable", "user": USERNAME}


def test_a_rotation_sends_the_new_password_under_its_own_name(rig: Rig) -> None:
    rig.client.edit_credential(rotate_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.credential.json"
    assert rig.sent == {
        "api_user": "reseller",
        "api_key": KEY,
        "task": "edit",
        "user": USERNAME,
        "credential_name": "mailer",
        "new_credential_password": PASSWORD,
    }


def test_only_the_very_same_name_is_found(rig: Rig) -> None:
    rig.answer(rows(f"a{USERNAME}", USERNAME.upper(), f"{USERNAME}.org"), rows(f"a{USERNAME}"))

    assert rig.client.find(USERNAME) is None


def test_a_customer_is_looked_for_on_every_page(rig: Rig) -> None:
    rig.answer(rows("a", "b"), rows("c", "d"), rows("e", USERNAME))

    found = rig.client.find(USERNAME)

    assert found is not None
    assert [dict(form).get("offset") for _, form in rig.transport.posted] == [None, "2", "4"]


def test_an_empty_page_ends_the_list(rig: Rig) -> None:
    rig.answer(rows("a", "b"), b"[]")

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 2


def test_an_empty_list_is_read_once(rig: Rig) -> None:
    rig.answer(b"[]")

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 1


def test_a_page_that_fails_is_no_absence(rig: Rig) -> None:
    rig.answer(rows("a"), OutcomeUnknown("reset"))

    with pytest.raises(OutcomeUnknown):
        rig.client.find(USERNAME)


def test_a_question_that_is_refused_is_no_refusal_of_the_command(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["search is down"]}')

    with pytest.raises(OutcomeUnknown, match="search is down"):
        rig.client.find(USERNAME)


def test_the_probe_asks_for_a_customer_that_cannot_exist(rig: Rig) -> None:
    rig.answer(b"[]")

    rig.client.probe()

    assert rig.sent.items() >= {"method": "profile", "task": "get"}.items()
    assert len(rig.sent["username"]) > 100


def test_a_refused_question_shows_that_the_provider_is_there(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["username too long"]}')

    rig.client.probe()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(LOGIN_REFUSED, Unauthorized), (b"", OutcomeUnknown), (Throttled("slow down"), Throttled)],
)
def test_the_probe_fails_when_it_gets_no_answer(rig: Rig, answer: bytes | Exception, kind: type[ProviderError]) -> None:
    rig.answer(answer)

    with pytest.raises(kind):
        rig.client.probe()
