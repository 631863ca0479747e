"""For whom a v3 call would act: asked before each write, and never the reseller itself."""

import pytest

from tests.support.work_samples import USERNAME
from tests.unit.provider.rig import KEY, LOGIN_REFUSED, V3_KEY, V3_REFUSED, Rig
from worker.errors import OutcomeUnknown, ProviderLogin, Rejected, Unauthorized
from worker.provider.config import Login
from worker.provider.wire.transport import HttpAnswer

OWN, ADA = b'{"username":"Reseller"}', b'{"username":"ada@example.com"}'


@pytest.fixture
def rig() -> Rig:
    return Rig()


def asked(rig: Rig) -> list[str | None]:
    """On whose behalf each call was made."""
    return [request.headers.get("On-Behalf-Of") for request in rig.transport.requests]


@pytest.mark.parametrize("on_behalf_of", ["account-id 42", "nobody@example.com", "reseller"])
@pytest.mark.parametrize("answered", [OWN, b'{"username":"reSELLER"}'])
def test_a_call_that_would_act_for_the_reseller_is_refused(rig: Rig, on_behalf_of: str, answered: bytes) -> None:
    rig.answer(answered, OWN)

    with pytest.raises(Rejected, match="would act for the reseller itself"):
        rig.client.acting_for(on_behalf_of)


def test_whose_the_key_is_is_asked_once(rig: Rig) -> None:
    rig.answer(ADA, OWN, ADA, OWN)

    assert [rig.client.acting_for("account-id 42") for _ in range(2)] == ["ada@example.com"] * 2
    with pytest.raises(Rejected):
        rig.client.acting_for("account-id 7")

    assert asked(rig) == ["account-id 42", None, "account-id 42", "account-id 7"]


def test_a_key_that_was_read_again_is_asked_for_anew(rig: Rig) -> None:
    rig.answer(ADA, OWN, LOGIN_REFUSED, ADA, b'{"username":"other"}')
    rig.client.acting_for(USERNAME)
    rig.login_in_the_file = Login("reseller", KEY, "SG.the-new-one")
    with pytest.raises(Unauthorized):
        rig.client.probe()

    rig.client.acting_for(USERNAME)

    requests = rig.transport.requests
    sent = [request.headers["Authorization"] for request in requests if request.method == "GET"]
    assert sent == [f"Bearer {V3_KEY}"] * 2 + ["Bearer SG.the-new-one"] * 2
    assert asked(rig)[-1] is None


def test_whose_a_refused_key_is_need_not_be_asked_twice(rig: Rig) -> None:
    rig.answer(HttpAnswer(403, {}, V3_REFUSED), OWN, ADA)

    assert rig.client.acting_for(USERNAME) == "ada@example.com"
    assert asked(rig) == [USERNAME, None, USERNAME]


def test_when_it_cannot_be_read_whose_the_key_is_nothing_is_proven(rig: Rig) -> None:
    rig.answer(ADA, b'{"errors":[{"field":null,"message":"out of order"}]}')

    with pytest.raises(OutcomeUnknown, match="out of order"):
        rig.client.acting_for(USERNAME)
    rig.answer(ADA, OWN)
    assert rig.client.acting_for(USERNAME) == "ada@example.com"


def test_a_refused_v3_key_that_was_changed_in_its_file_is_good_at_once(rig: Rig) -> None:
    rig.login_in_the_file = Login("reseller", KEY, "SG.the-new-one")
    rig.answer(HttpAnswer(401, {}, V3_REFUSED), b'{"username":"reseller"}', b'{"username":"ada"}')

    assert rig.client.acting_for(USERNAME) == "ada"

    sent = [request.headers["Authorization"] for request in rig.transport.requests]
    assert sent == [f"Bearer {V3_KEY}", "Bearer SG.the-new-one", "Bearer SG.the-new-one"]


def test_a_v3_key_that_is_refused_for_itself_is_a_refused_login(rig: Rig) -> None:
    rig.answer(HttpAnswer(403, {}, V3_REFUSED), HttpAnswer(401, {}, V3_REFUSED))

    with pytest.raises(Unauthorized) as refused:
        rig.client.acting_for(USERNAME)

    assert refused.value.login is ProviderLogin.V3
    assert asked(rig) == [USERNAME, None]


def test_a_good_v3_key_that_may_not_act_for_a_user_is_a_refusal_of_the_command(rig: Rig) -> None:
    rig.answer(HttpAnswer(403, {}, V3_REFUSED), b'{"username":"reseller"}', HttpAnswer(403, {}, V3_REFUSED))

    with pytest.raises(Rejected, match="may not act for this user"):
        rig.client.acting_for(USERNAME)
