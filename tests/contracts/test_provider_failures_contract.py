"""The port `Provider` on bad days: what is known after a failure, and that no word of it is a secret."""

import pytest

from messages.commands import ChangePassword, Command, DisableCustomer, UpdateProfile
from tests.contracts.provider_commands import PASSWORD, about, adding, changes_of, creating, rotating, updating
from tests.contracts.provider_places import ADA, KEY, NEW, NOBODY, V3_KEY, Place
from worker.errors import OutcomeUnknown, ProviderError, ProviderLogin, Rejected, Throttled, Unauthorized

SECRET_COMMANDS: list[Command] = [
    creating(ADA).model_copy(update={"password": rotating().new_credential_password}),
    about(ChangePassword, NOBODY, password=PASSWORD),
]
CREDENTIAL_COMMANDS: list[Command] = [adding(username=NOBODY), rotating(username=NOBODY)]


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_says_nothing_and_the_list_says_what_happened(place: Place, *, applied: bool) -> None:
    place.lose_next_answer(applied=applied)

    with pytest.raises(OutcomeUnknown):
        place.provider.apply(creating())

    assert (place.provider.find(NEW) is not None) is applied


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("command", [updating(city="Paris"), about(UpdateProfile, city="Paris")], ids=["v3", "v2"])
def test_after_a_lost_answer_the_same_again_makes_it_so(place: Place, command: Command, *, applied: bool) -> None:
    place.lose_next_answer(applied=applied)
    with pytest.raises(OutcomeUnknown):
        place.provider.apply(command)
    assert (place.customer()["city"] == "Paris") is applied

    place.provider.apply(command)

    assert place.customer()["city"] == "Paris"


def test_a_question_without_an_answer_is_unknown(place: Place) -> None:
    place.lose_next_answer(applied=False)
    with pytest.raises(OutcomeUnknown):
        place.provider.find(ADA)

    place.lose_next_answer(applied=False)
    with pytest.raises(OutcomeUnknown):
        list(place.provider.search({}))

    place.lose_next_answer(applied=False)
    with pytest.raises(OutcomeUnknown):
        place.provider.acting_for(ADA)


@pytest.mark.parametrize("command", [about(DisableCustomer), updating()], ids=["v2", "v3"])
def test_a_throttle_names_its_time(place: Place, command: Command) -> None:
    before = place.customer()
    place.throttle_next()

    with pytest.raises(Throttled) as throttled:
        place.provider.apply(command)

    assert throttled.value.retry_after_seconds is not None
    assert 0.0 < throttled.value.retry_after_seconds <= 60.0
    assert place.customer() == before


def test_a_refused_login_is_distinguished_from_every_other_refusal(place: Place) -> None:
    before = place.customer()
    place.forget_our_logins()

    for command in (creating(), *changes_of(ADA)):
        with pytest.raises(Unauthorized) as refused:
            place.provider.apply(command)
        assert refused.value.login is (ProviderLogin.V3 if command == updating() else ProviderLogin.V2)
    with pytest.raises(Unauthorized):
        place.provider.find(ADA)
    with pytest.raises(Unauthorized):
        list(place.provider.search({}))
    with pytest.raises(Unauthorized):
        place.provider.probe()
    with pytest.raises(Unauthorized) as refused:
        place.provider.acting_for(ADA)
    assert refused.value.login is ProviderLogin.V3
    assert (place.customer(), NEW in place.names()) == (before, False)


def words_of(failure: ProviderError) -> str:
    return repr((failure, failure.args, failure.detail, failure.errors))


def assert_silent(place: Place, command: Command) -> None:
    with pytest.raises(Rejected) as refused:
        place.provider.apply(command)
    place.forget_our_logins()
    with pytest.raises(Unauthorized) as unknown:
        place.provider.apply(command)

    for failure in (refused.value, unknown.value):
        for secret in (PASSWORD, PASSWORD[:6], repr(PASSWORD)[1:-1], KEY, V3_KEY):
            assert secret not in words_of(failure)


@pytest.mark.parametrize("command", SECRET_COMMANDS, ids=["create", "password"])
def test_no_refusal_repeats_a_secret(place: Place, command: Command) -> None:
    assert_silent(place, command)


@pytest.mark.parametrize("command", CREDENTIAL_COMMANDS, ids=["add", "rotate"])
def test_no_refusal_repeats_a_credential_s_password(reseller: Place, command: Command) -> None:
    assert_silent(reseller, command)


def test_no_refusal_of_v3_repeats_its_key(place: Place) -> None:
    assert_silent(place, updating(NOBODY))
