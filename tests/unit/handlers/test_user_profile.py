"""UpdateUserProfile: whose profile it is must be proven before a write; else the reseller's own would be changed."""

import pytest

from messages.commands import UpdateUserProfile
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.stage import Ended, Prepare, Stage, gone
from worker.domain.results import Outcome, Success
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


def test_an_account_that_is_not_among_our_customers_may_be_the_reseller_s_own(stage: Stage) -> None:
    stage.provider.accounts.accounts["1"] = stage.provider.accounts.own_name

    with pytest.raises(Rejected, match="would have acted for the-reseller; nothing was changed"):
        stage.handle(update("account-id 1"), FIRST)
    assert stage.provider.accounts.own_profile == {}


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
@pytest.mark.parametrize("question", ["acting_for", "find"])
def test_a_proof_that_cannot_be_had_does_not_make_the_command_look_begun(
    stage: Stage, question: str, failure: ProviderError
) -> None:
    failure.waited_seconds = 1.5
    stage.provider.fail_next(failure, question)

    with pytest.raises(NotSent) as raised:
        stage.handle(update(ACCOUNT), FIRST)
    assert raised.value.waited_seconds == 1.5
    assert stage.provider.changes == []


def test_a_proof_that_cannot_be_had_is_waited_for_as_it_asks_once_begun(stage: Stage) -> None:
    stage.provider.fail_next(Throttled("slow down", 5.0), "acting_for")

    assert stage.end(update(), BEGUN) is Throttled


def test_a_refused_v3_login_is_told_as_such(stage: Stage) -> None:
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
    assert stage.handle(update(), BEGUN) == Success(Outcome.APPLIED, {"on_behalf_of": USERNAME})
    assert stage.provider.changes == [CALLED]
