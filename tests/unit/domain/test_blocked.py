"""A request that is refused by its status alone: whose fault that is, and when it is refused for good."""

from dataclasses import replace

import pytest

from messages.results import Reason
from tests.unit.domain.test_retry_policy import (
    ITS_OWN,
    LATER,
    LOOKING,
    LOOKING_ITS_OWN,
    NOT_ITS_OWN,
    NOW,
    POLICY,
    QUIET,
    UNKNOWN,
)
from worker.domain.claims import History
from worker.domain.retry_policy import Blame, FailureContext, GiveUp, concluded, contradicted, decide
from worker.errors import Blocked, ProviderError, ProviderLogin, Unauthorized

BLOCKED = Blocked(403, ("access forbidden",))
#: One more charged refusal than this is refused for good; nothing else has been charged to it.
PATIENT = replace(POLICY, max_attempts=20)
REFUSED = History(attempts=4, charged_attempts=3, provisional=1, provisional_at=NOW - 8)


@pytest.mark.parametrize(
    ("history", "around", "reason"),
    [
        (REFUSED, ITS_OWN, Reason.PROVIDER_REJECTED),
        (REFUSED, QUIET, LATER),
        (REFUSED, NOT_ITS_OWN, LATER),
        (replace(REFUSED, charged_attempts=2), ITS_OWN, LATER),
        (replace(REFUSED, begun=True), ITS_OWN, LATER),
        (replace(REFUSED, charged_attempts=19, begun=True), ITS_OWN, LATER),
        (replace(REFUSED, charged_attempts=0, seconds_used=600.0), ITS_OWN, Reason.PROVIDER_REJECTED),
        (replace(REFUSED, charged_attempts=20, begun=True), LOOKING_ITS_OWN, Reason.OUTCOME_UNKNOWN),
        (replace(REFUSED, charged_attempts=20, begun=True), LOOKING, LATER),
    ],
)
def test_a_request_that_alone_is_refused_again_and_again_is_refused_for_good(
    history: History, around: FailureContext, reason: Reason | None
) -> None:
    decision = decide(BLOCKED, history, around, PATIENT)

    assert (decision.reason if isinstance(decision, GiveUp) else LATER) == reason
    assert decision.history.begun is history.begun


@pytest.mark.parametrize(
    ("failure", "reason", "beginning"),
    [
        (BLOCKED, Reason.PROVIDER_REJECTED, f"{BLOCKED.detail}; others are answered meanwhile: look at "),
        (BLOCKED, Reason.OUTCOME_UNKNOWN, BLOCKED.detail),
        (UNKNOWN, Reason.OUTCOME_UNKNOWN, UNKNOWN.detail),
    ],
)
def test_only_who_cannot_have_been_applied_is_advised_to_send_the_command_again(
    failure: ProviderError, reason: Reason, beginning: str
) -> None:
    ended = concluded(failure, reason)

    assert ended.detail.startswith(beginning)
    assert ("send the command again" in ended.detail) is (reason is Reason.PROVIDER_REJECTED)
    assert ended.errors == failure.errors


def test_the_refusal_of_a_login_that_is_proven_good_is_about_the_request() -> None:
    refused = Unauthorized("the provider refuses the v2 login (403)", ("access forbidden",), ProviderLogin.V3, 403)
    refused.retry_after_seconds = 5.0

    blocked = contradicted(refused, Blame.COMMAND)

    assert type(blocked) is Blocked
    assert blocked.detail.startswith("this request is refused (403)")
    assert blocked.detail.endswith(": access forbidden")
    assert "login" not in blocked.detail
    assert (blocked.errors, blocked.login, blocked.retry_after_seconds) == (
        ("access forbidden",),
        ProviderLogin.V3,
        5.0,
    )
    for blame in (Blame.OPEN, Blame.PROVIDER):
        assert contradicted(refused, blame) is refused
    assert contradicted(UNKNOWN, Blame.COMMAND) is UNKNOWN
