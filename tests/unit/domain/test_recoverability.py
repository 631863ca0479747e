"""The decision table: a failure, the history and the surroundings go in, a decision comes out."""

from dataclasses import replace

import pytest

from worker.domain.claims import History, Reason
from worker.domain.recoverability import (
    Decision,
    GiveUp,
    RetryLater,
    RetryPolicy,
    Surroundings,
    decide,
    exhausted,
)
from worker.errors import (
    NotApplied,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)

POLICY = RetryPolicy(max_attempts=3, window_seconds=600.0, base_seconds=1.0, cap_seconds=60.0, settle_seconds=10.0)
NOW = 1_800_000_000.0
QUIET = Surroundings(now=NOW, proven_well_at=None, spent_seconds=0.5, jitter=0.0, could_write=True)
LOOKING = replace(QUIET, could_write=False)
#: An unknown outcome a minute ago; whether it is charged hangs on when the provider was well again.
PROVISIONAL = History(tries=1, provisional=1, provisional_at=NOW - 60, begun=True, first_failed_at=NOW - 60)
LAST = replace(PROVISIONAL, attempts=2)
SPENT = replace(PROVISIONAL, attempts=3)
WELL_SINCE = replace(QUIET, proven_well_at=NOW - 59)
LOOKING_WELL_SINCE = replace(LOOKING, proven_well_at=NOW - 59)

NOT_SENT, UNKNOWN = NotSent("refused"), OutcomeUnknown("reset")
THROTTLED, UNAUTHORIZED = Throttled("slow down", 7.0), Unauthorized("login")
REJECTED, UNPROVABLE, NOT_APPLIED = Rejected("no"), Unprovable("who knows"), NotApplied("absent")

LATER = None
TABLE: list[tuple[str, ProviderError, History, Surroundings, Reason | None]] = [
    ("a first refusal is final", REJECTED, History(), QUIET, Reason.PROVIDER_REJECTED),
    ("a later refusal is final", REJECTED, PROVISIONAL, QUIET, Reason.PROVIDER_REJECTED),
    ("a refusal at the end is final", REJECTED, SPENT, LOOKING, Reason.PROVIDER_REJECTED),
    ("what cannot be proven is final", UNPROVABLE, PROVISIONAL, QUIET, Reason.OUTCOME_UNKNOWN),
    ("a last look that finds nothing is final", NOT_APPLIED, SPENT, LOOKING, Reason.RETRIES_EXHAUSTED),
    ("a first failure is retried", NOT_SENT, History(), QUIET, LATER),
    ("a first unknown outcome is retried", UNKNOWN, History(), QUIET, LATER),
    ("an unknown outcome nobody disproves is retried", UNKNOWN, LAST, QUIET, LATER),
    ("the last attempt is followed by a look", UNKNOWN, LAST, WELL_SINCE, LATER),
    ("no attempts left and never begun", NOT_SENT, History(attempts=3), QUIET, Reason.RETRIES_EXHAUSTED),
    ("the window is over and never begun", NOT_SENT, History(seconds_used=600.0), QUIET, Reason.RETRIES_EXHAUSTED),
    ("the wait would end the window", NOT_SENT, History(seconds_used=599.2), QUIET, Reason.RETRIES_EXHAUSTED),
    ("the window is over but begun", UNKNOWN, History(seconds_used=600.0), QUIET, LATER),
    ("a login refused for a whole window", UNAUTHORIZED, History(seconds_used=600.0), QUIET, Reason.RETRIES_EXHAUSTED),
    ("a last look that fails alone", UNKNOWN, SPENT, LOOKING_WELL_SINCE, Reason.OUTCOME_UNKNOWN),
    ("a last look that fails with everybody", UNKNOWN, SPENT, LOOKING, LATER),
    ("a last look that is never sent", NOT_SENT, SPENT, LOOKING_WELL_SINCE, LATER),
    ("a last look that is throttled", THROTTLED, SPENT, LOOKING_WELL_SINCE, LATER),
    ("a last look that is refused the login", UNAUTHORIZED, SPENT, LOOKING_WELL_SINCE, LATER),
    ("a throttle never ends a command", THROTTLED, History(attempts=3, seconds_used=9_999.0), QUIET, LATER),
]  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "history", "around", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(failure: ProviderError, history: History, around: Surroundings, reason: Reason | None) -> None:
    decision = decide(failure, history, around, POLICY)

    assert (decision.reason if isinstance(decision, GiveUp) else LATER) == reason


def later(decision: Decision) -> RetryLater:
    assert isinstance(decision, RetryLater), decision
    return decision


@pytest.mark.parametrize("failure", [NOT_SENT, THROTTLED, UNAUTHORIZED])
def test_what_is_never_charged_stays_uncharged_however_well_the_provider_is(failure: ProviderError) -> None:
    history = History()
    for _ in range(5):
        decision = later(decide(failure, history, WELL_SINCE, POLICY))
        history = decision.history
        assert not decision.charged

    assert (history.tries, history.attempts, history.provisional) == (5, 0, 0)


def test_an_unknown_outcome_is_provisional_at_first() -> None:
    decision = later(decide(UNKNOWN, History(), QUIET, POLICY))

    assert not decision.charged
    assert (decision.history.attempts, decision.history.provisional) == (0, 1)
    assert decision.history.provisional_at == NOW


@pytest.mark.parametrize("failure", [NOT_SENT, UNKNOWN, THROTTLED, UNAUTHORIZED])
def test_a_provisional_failure_is_charged_once_the_provider_was_well_after_it(failure: ProviderError) -> None:
    decision = later(decide(failure, PROVISIONAL, WELL_SINCE, POLICY))

    assert decision.charged
    assert decision.history.attempts == 1
    assert decision.history.provisional == (1 if failure is UNKNOWN else 0)


@pytest.mark.parametrize("proven_well_at", [None, NOW - 61, NOW - 60])
def test_a_provisional_failure_waits_for_proof_that_is_later_than_itself(proven_well_at: float | None) -> None:
    around = replace(QUIET, proven_well_at=proven_well_at)

    decision = later(decide(UNKNOWN, PROVISIONAL, around, POLICY))

    assert not decision.charged
    assert (decision.history.attempts, decision.history.provisional) == (0, 2)


def test_all_provisional_failures_are_charged_together() -> None:
    history = replace(PROVISIONAL, provisional=2)

    assert later(decide(NOT_SENT, history, WELL_SINCE, POLICY)).history.attempts == 2


@pytest.mark.parametrize(
    ("failure", "around", "begun"),
    [
        (UNKNOWN, QUIET, True),
        (THROTTLED, QUIET, True),
        (NOT_SENT, QUIET, False),
        (UNAUTHORIZED, QUIET, False),
        (THROTTLED, LOOKING, False),
    ],
)
def test_what_may_have_happened_counts_as_begun(failure: ProviderError, around: Surroundings, *, begun: bool) -> None:
    assert later(decide(failure, History(), around, POLICY)).history.begun is begun


def test_what_was_begun_stays_begun() -> None:
    assert later(decide(NOT_SENT, PROVISIONAL, QUIET, POLICY)).history.begun


def test_the_first_failure_is_remembered() -> None:
    first = later(decide(NOT_SENT, History(), QUIET, POLICY)).history
    second = later(decide(NOT_SENT, first, replace(QUIET, now=NOW + 5), POLICY)).history

    assert second.first_failed_at == NOW


def test_the_look_after_the_last_attempt_may_not_write_any_more() -> None:
    for history in (LAST, replace(PROVISIONAL, seconds_used=595.0)):
        decision = later(decide(UNKNOWN, history, WELL_SINCE, POLICY))

        assert exhausted(decision.history, POLICY)
        assert decision.delay_seconds == POLICY.settle_seconds


def test_a_command_is_exhausted_by_attempts_or_by_seconds_and_not_before() -> None:
    assert not exhausted(History(attempts=2, seconds_used=599.9), POLICY)
    assert exhausted(History(attempts=3), POLICY)
    assert exhausted(History(seconds_used=600.0), POLICY)


@pytest.mark.parametrize(
    ("tries_before", "shortest", "longest"),
    [(0, 0.5, 1.0), (1, 1.0, 2.0), (5, 16.0, 32.0), (6, 30.0, 60.0), (5_000, 30.0, 60.0)],
)
def test_the_wait_doubles_up_to_the_cap_and_half_of_it_is_chance(
    tries_before: int, shortest: float, longest: float
) -> None:
    def waits(jitter: float) -> float:
        decision = decide(NOT_SENT, History(tries=tries_before), replace(QUIET, jitter=jitter), POLICY)
        return later(decision).delay_seconds

    assert waits(0.0) == shortest
    assert waits(0.5) == pytest.approx((shortest + longest) / 2)
    assert waits(0.999_999) == pytest.approx(longest, rel=1e-5)
    assert waits(0.999_999) < longest


def test_what_may_have_happened_is_given_time_to_settle() -> None:
    assert later(decide(UNKNOWN, History(), QUIET, POLICY)).delay_seconds == POLICY.settle_seconds
    assert later(decide(NOT_SENT, PROVISIONAL, QUIET, POLICY)).delay_seconds == POLICY.settle_seconds


def test_the_time_the_provider_asks_for_is_honoured() -> None:
    assert later(decide(THROTTLED, History(), LOOKING, POLICY)).delay_seconds == 7.0


def test_a_throttled_write_is_given_time_to_settle_whatever_the_provider_asks_for() -> None:
    assert later(decide(THROTTLED, History(), QUIET, POLICY)).delay_seconds == POLICY.settle_seconds


def test_a_throttle_that_names_no_time_is_waited_for_like_any_failure() -> None:
    decision = later(decide(Throttled("slow down"), History(tries=4), LOOKING, POLICY))

    assert decision.delay_seconds == 8.0


def test_the_try_and_the_wait_use_up_the_window() -> None:
    decision = later(decide(UNKNOWN, History(seconds_used=1.0), QUIET, POLICY))

    assert decision.history.seconds_used == 1.0 + 0.5 + POLICY.settle_seconds


def test_the_wait_of_a_throttle_uses_up_nothing_because_everybody_waits() -> None:
    asked = Throttled("come back in an hour", 3600.0)

    decision = later(decide(asked, History(), QUIET, POLICY))

    assert decision.history.seconds_used == 0.5
    assert not exhausted(decision.history, POLICY)


def test_what_is_given_up_keeps_its_count() -> None:
    decision = decide(REJECTED, PROVISIONAL, WELL_SINCE, POLICY)

    assert isinstance(decision, GiveUp)
    assert (decision.history.tries, decision.history.attempts) == (2, 1)
