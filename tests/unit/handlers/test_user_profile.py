"""UpdateUserProfile: whose profile it is must be proven before a write; else the reseller's own would be changed."""

import pytest

from messages.commands import UpdateUserProfile
from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.stage import Ended, LateProvider, Prepare, Stage, gone
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
def stage() -> Stage:
    """Ada is also account 4711."""
    stage = Stage()
    stage.provider.accounts.accounts["4711"] = USERNAME
    return stage


def ignores_the_header(provider: FakeProvider) -> None:
    provider.accounts.ignores_on_behalf_of = True


@pytest.mark.parametrize("on_behalf_of", [USERNAME, USERNAME.upper(), ACCOUNT])
@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_proven_target_gets_its_profile_also_once_more(stage: Stage, attempt: Attempt, on_behalf_of: str) -> None:
    command = update(on_behalf_of)

    assert [stage.end(command, attempt) for _ in range(2)] == ["applied", "applied"]

    assert stage.provider.customers[USERNAME].fields["city"] == "Paris"
    assert (len(stage.provider.changes), stage.provider.accounts.own_profile) == (1, {})
    assert stage.provider.calls[0] == f"acting_for {on_behalf_of}"


@pytest.mark.parametrize("on_behalf_of", [USERNAME, ACCOUNT, "account-id 1"])
@pytest.mark.parametrize("found", [ignores_the_header, gone])
@pytest.mark.parametrize(
    ("attempt", "ended"), [(FIRST, Rejected), (UNREMEMBERED, Rejected), (BEGUN, Unprovable), (LAST_LOOK, Unprovable)]
)
def test_without_a_proof_nothing_is_written(
    stage: Stage, on_behalf_of: str, found: Prepare, attempt: Attempt, ended: Ended
) -> None:
    found(stage.provider)

    assert stage.end(update(on_behalf_of), attempt) is ended

    assert stage.provider.changes == []
    assert [call for call in stage.provider.calls if call.startswith("Update")] == []
    assert stage.provider.accounts.own_profile == {}


@pytest.mark.parametrize("own_name", ["the-reseller", "The-Reseller"])
@pytest.mark.parametrize("attempt", [FIRST, UNREMEMBERED, BEGUN, LAST_LOOK])
def test_the_reseller_s_own_name_is_refused(stage: Stage, attempt: Attempt, own_name: str) -> None:
    assert stage.end(update(own_name), attempt) is (Unprovable if attempt.begun else Rejected)
    assert [call for call in stage.provider.calls if call.startswith("Update")] == []
    assert stage.provider.accounts.own_profile == {}


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
    stage: Stage, on_behalf_of: str, attempt: Attempt, ended: Ended, *, listed: bool
) -> None:
    stage.provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "UpdateUserProfile")
    if not listed:
        vanishing = LateProvider(commands_about_ada()["DeleteCustomer"], USERNAME)
        vanishing.accounts, stage.provider = stage.provider.accounts, vanishing
        stage.provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "UpdateUserProfile")

    with pytest.raises(ProviderError) as raised:
        stage.handle(update(on_behalf_of), attempt)
    assert type(raised.value) is ended
    assert raised.value.errors == ("not now",)
    assert ended is Rejected or "does no harm" in raised.value.detail


def test_without_a_v3_key_it_is_refused_without_a_call(stage: Stage) -> None:
    stage.provider.fail_next(Unsupported("no v3 key is set"), "acting_for")
    stage.provider.fail_next(Unsupported("no v3 key is set"), "acting_for")

    assert [stage.end(update(), attempt) for attempt in (FIRST, BEGUN)] == [Unsupported, Unprovable]


def test_an_account_that_is_not_among_our_customers_may_be_the_reseller_s_own(stage: Stage) -> None:
    stage.provider.accounts.accounts["1"] = stage.provider.accounts.own_name

    with pytest.raises(Rejected, match=r"would have acted for the-reseller, .*; nothing was changed"):
        stage.handle(update("account-id 1"), FIRST)
    assert stage.provider.accounts.own_profile == {}


@pytest.mark.parametrize("question", ["acting_for", "find"])
def test_a_proof_that_cannot_be_had_does_not_make_the_command_look_begun(stage: Stage, question: str) -> None:
    throttled = Throttled("slow down", 5.0)
    stage.provider.fail_next(OutcomeUnknown("reset"), question)
    stage.provider.fail_next(throttled, question)

    assert stage.end(update(ACCOUNT), FIRST) is NotSent
    with pytest.raises(Throttled) as raised:
        stage.handle(update(ACCOUNT), FIRST)
    assert raised.value is throttled
    assert (throttled.nothing_written, stage.provider.changes) == (True, [])


def test_a_proof_that_cannot_be_had_is_waited_for_as_it_asks_once_begun(stage: Stage) -> None:
    stage.provider.fail_next(Throttled("slow down", 5.0), "acting_for")

    assert stage.end(update(), BEGUN) is Throttled


def test_a_refused_v3_login_is_reported_as_such(stage: Stage) -> None:
    stage.provider.knows_our_v3_key = False

    with pytest.raises(Unauthorized) as raised:
        stage.handle(update(), FIRST)
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
    stage: Stage, on_behalf_of: str, fields: dict[str, str], ended: Ended
) -> None:
    assert stage.end(update(on_behalf_of, **fields), LAST_LOOK) == ended
    assert stage.provider.changes == []


def test_a_lost_answer_is_repeated(stage: Stage) -> None:
    stage.provider.lose_next_answer("UpdateUserProfile", applied=True)

    assert stage.end(update(), FIRST) is OutcomeUnknown
    assert stage.handle(update(), BEGUN) == Success(Outcome.APPLIED)
    assert stage.provider.changes == [CALLED]
