"""UpdateUserProfile: whose profile it is must be proven before a write; else the reseller's own would be changed."""

import pytest

from messages.commands import UpdateUserProfile
from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Ended, HandlerRig, LateProvider, Prepare, gone
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import (
    NotApplied,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    ProviderLogin,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
    Unsupported,
)

ACCOUNT = "account-id 4711"
CALLED = f"UpdateUserProfile {USERNAME}"


def update(on_behalf_of: str = USERNAME, **fields: str) -> UpdateUserProfile:
    return UpdateUserProfile.model_validate({"on_behalf_of": on_behalf_of, **(fields or {"city": "Paris"})})


@pytest.fixture
def rig() -> HandlerRig:
    """Ada is also account 4711."""
    rig = HandlerRig()
    rig.provider.accounts.accounts["4711"] = USERNAME
    return rig


def ignores_the_header(provider: FakeProvider) -> None:
    provider.accounts.ignores_on_behalf_of = True


@pytest.mark.parametrize("on_behalf_of", [USERNAME, USERNAME.upper(), ACCOUNT])
@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_proven_target_gets_its_profile_also_once_more(rig: HandlerRig, attempt: Attempt, on_behalf_of: str) -> None:
    command = update(on_behalf_of)

    assert [rig.end(command, attempt) for _ in range(2)] == ["applied", "applied"]

    assert rig.provider.customers[USERNAME].fields["city"] == "Paris"
    assert (len(rig.provider.changes), rig.provider.accounts.own_profile) == (1, {})
    assert rig.provider.calls[0] == f"acting_for {on_behalf_of}"


@pytest.mark.parametrize("on_behalf_of", [USERNAME, ACCOUNT, "account-id 1"])
@pytest.mark.parametrize("found", [ignores_the_header, gone])
@pytest.mark.parametrize(
    ("attempt", "ended"), [(FIRST, Rejected), (UNREMEMBERED, Rejected), (BEGUN, Unprovable), (LAST_LOOK, Unprovable)]
)
def test_without_a_proof_nothing_is_written(
    rig: HandlerRig, on_behalf_of: str, found: Prepare, attempt: Attempt, ended: Ended
) -> None:
    found(rig.provider)

    assert rig.end(update(on_behalf_of), attempt) is ended

    assert rig.provider.changes == []
    assert [call for call in rig.provider.calls if call.startswith("Update")] == []
    assert rig.provider.accounts.own_profile == {}


@pytest.mark.parametrize("own_name", ["the-reseller", "The-Reseller"])
@pytest.mark.parametrize("attempt", [FIRST, UNREMEMBERED, BEGUN, LAST_LOOK])
def test_the_reseller_s_own_name_is_refused(rig: HandlerRig, attempt: Attempt, own_name: str) -> None:
    assert rig.end(update(own_name), attempt) is (Unprovable if attempt.begun else Rejected)
    assert [call for call in rig.provider.calls if call.startswith("Update")] == []
    assert rig.provider.accounts.own_profile == {}


@pytest.mark.parametrize("on_behalf_of", [USERNAME, ACCOUNT])
@pytest.mark.parametrize(
    ("attempt", "listed", "ended"),
    [
        (FIRST, True, Rejected),
        (BEGUN, True, Unprovable),
        (UNREMEMBERED, True, Unprovable),
        (BEGUN, False, Rejected),
        (UNREMEMBERED, False, Rejected),
    ],
)
def test_a_refused_repeat_is_believed_only_of_who_is_not_there(
    rig: HandlerRig, on_behalf_of: str, attempt: Attempt, ended: Ended, *, listed: bool
) -> None:
    rig.provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "UpdateUserProfile")
    if not listed:
        vanishing = LateProvider(commands_about_ada()["DeleteCustomer"], USERNAME)
        vanishing.accounts, rig.provider = rig.provider.accounts, vanishing
        rig.provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "UpdateUserProfile")

    with pytest.raises(ProviderError) as raised:
        rig.handle(update(on_behalf_of), attempt)
    assert type(raised.value) is ended
    assert raised.value.errors == ("not now",)
    assert ended is Rejected or "does no harm" in raised.value.detail


def test_without_a_v3_key_it_is_refused_without_a_call(rig: HandlerRig) -> None:
    rig.provider.fail_next(Unsupported("no v3 key is set"), "acting_for")
    rig.provider.fail_next(Unsupported("no v3 key is set"), "acting_for")

    assert [rig.end(update(), attempt) for attempt in (FIRST, BEGUN)] == [Unsupported, Unprovable]


def test_an_account_that_is_not_among_our_customers_may_be_the_reseller_s_own(rig: HandlerRig) -> None:
    rig.provider.accounts.accounts["1"] = rig.provider.accounts.own_name

    with pytest.raises(Rejected, match=r"would have acted for the-reseller, .*; nothing was changed"):
        rig.handle(update("account-id 1"), FIRST)
    assert rig.provider.accounts.own_profile == {}


@pytest.mark.parametrize("question", ["acting_for", "find"])
def test_a_proof_that_cannot_be_had_does_not_make_the_command_look_begun(rig: HandlerRig, question: str) -> None:
    throttled = Throttled("slow down", 5.0)
    rig.provider.fail_next(OutcomeUnknown("reset"), question)
    rig.provider.fail_next(throttled, question)

    assert rig.end(update(ACCOUNT), FIRST) is NotSent
    with pytest.raises(Throttled) as raised:
        rig.handle(update(ACCOUNT), FIRST)
    assert raised.value is throttled
    assert (throttled.nothing_written, rig.provider.changes) == (True, [])


def test_a_proof_that_cannot_be_had_is_waited_for_as_it_asks_once_begun(rig: HandlerRig) -> None:
    rig.provider.fail_next(Throttled("slow down", 5.0), "acting_for")

    assert rig.end(update(), BEGUN) is Throttled


def test_a_refused_v3_login_is_reported_as_such(rig: HandlerRig) -> None:
    rig.provider.knows_our_v3_key = False

    with pytest.raises(Unauthorized) as raised:
        rig.handle(update(), FIRST)
    assert raised.value.login is ProviderLogin.V3


@pytest.mark.parametrize("on_behalf_of", [USERNAME, USERNAME.upper(), ACCOUNT])
@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"city": "London"}, "already_applied"),
        ({"city": "Paris"}, NotApplied),
        ({"city": "London", "company": "Analytical Engines"}, Unprovable),
        ({"address2": "Floor 2"}, Unprovable),
    ],
)
def test_the_last_look_believes_only_what_it_can_read(
    rig: HandlerRig, on_behalf_of: str, fields: dict[str, str], ended: Ended
) -> None:
    assert rig.end(update(on_behalf_of, **fields), LAST_LOOK) == ended
    assert rig.provider.changes == []


def test_a_lost_answer_is_repeated(rig: HandlerRig) -> None:
    rig.provider.lose_next_answer("UpdateUserProfile", applied=True)

    assert rig.end(update(), FIRST) is OutcomeUnknown
    assert rig.handle(update(), BEGUN) == Success(Outcome.APPLIED)
    assert rig.provider.changes == [CALLED]
