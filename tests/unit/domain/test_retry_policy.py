"""The decision table: a failure, the history and the surroundings go in, a decision comes out."""

from dataclasses import replace

import pytest

from messages.results import Reason
from worker.domain.claims import History
from worker.domain.retry_policy import (
    Blame,
    Decision,
    FailureContext,
    GiveUp,
    RetryLater,
    RetryPolicy,
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
QUIET = FailureContext(now=NOW, blame=Blame.OPEN, paused=False, spent_seconds=0.5, jitter=0.0, could_write=True)
LOOKING = replace(QUIET, could_write=False)
#: An unknown outcome a minute ago; whether it is charged hangs on whose it was.
PROVISIONAL = History(attempts=1, provisional=1, provisional_at=NOW - 60, begun=True, first_failed_at=NOW - 60)
LAST = replace(PROVISIONAL, charged_attempts=2)
SPENT = replace(PROVISIONAL, charged_attempts=3)
#: Half a second is left, and the wait that is over was longer.
NEARLY_OVER = History(attempts=3, provisional_at=NOW - 4.0, seconds_used=599.5)
ITS_OWN = replace(QUIET, blame=Blame.COMMAND)
NOT_ITS_OWN = replace(QUIET, blame=Blame.PROVIDER)
LOOKING_ITS_OWN = replace(LOOKING, blame=Blame.COMMAND)
LOOKING_NOT_ITS_OWN = replace(LOOKING, blame=Blame.PROVIDER)

NOT_SENT, UNKNOWN = NotSent("refused"), OutcomeUnknown("reset")
THROTTLED, UNAUTHORIZED = Throttled("slow down", 7.0), Unauthorized("login")
REJECTED, UNPROVABLE, NOT_APPLIED = Rejected("no"), Unprovable("who knows"), NotApplied("absent")

LATER = None
TABLE: list[tuple[str, ProviderError, History, FailureContext, Reason | None]] = [
    ("a first refusal is final", REJECTED, History(), QUIET, Reason.PROVIDER_REJECTED),
    ("a later refusal is final", REJECTED, PROVISIONAL, QUIET, Reason.PROVIDER_REJECTED),
    ("a refusal at the end is final", REJECTED, SPENT, LOOKING, Reason.PROVIDER_REJECTED),
    ("what cannot be proven is final", UNPROVABLE, PROVISIONAL, QUIET, Reason.OUTCOME_UNKNOWN),
    ("a last look that finds nothing is final", NOT_APPLIED, SPENT, LOOKING, Reason.RETRIES_EXHAUSTED),
    ("a first failure is retried", NOT_SENT, History(), QUIET, LATER),
    ("a first unknown outcome is retried", UNKNOWN, History(), QUIET, LATER),
    ("an unknown outcome nobody disproves is retried", UNKNOWN, LAST, QUIET, LATER),
    ("the provider's failure is retried", UNKNOWN, LAST, NOT_ITS_OWN, LATER),
    ("the last attempt is followed by a look", UNKNOWN, LAST, ITS_OWN, LATER),
    ("no attempts left and never begun", NOT_SENT, History(charged_attempts=3), QUIET, Reason.RETRIES_EXHAUSTED),
    ("the window is over and never begun", NOT_SENT, History(seconds_used=600.0), QUIET, Reason.RETRIES_EXHAUSTED),
    ("the wait ended the window", NOT_SENT, NEARLY_OVER, ITS_OWN, Reason.RETRIES_EXHAUSTED),
    ("a wait that was the provider's ended none", NOT_SENT, NEARLY_OVER, NOT_ITS_OWN, LATER),
    ("a wait through a pause ended none", NOT_SENT, NEARLY_OVER, replace(ITS_OWN, paused=True), LATER),
    ("the window is over but begun", UNKNOWN, History(seconds_used=600.0), QUIET, LATER),
    ("a login refused for a whole window", UNAUTHORIZED, History(seconds_used=600.0), QUIET, Reason.RETRIES_EXHAUSTED),
    ("a last look that fails alone", UNKNOWN, SPENT, LOOKING_ITS_OWN, Reason.OUTCOME_UNKNOWN),
    ("a last look that fails with everybody", UNKNOWN, SPENT, LOOKING_NOT_ITS_OWN, LATER),
    ("a last look that fails, nobody knows why", UNKNOWN, SPENT, LOOKING, LATER),
    ("a last look that is never sent", NOT_SENT, SPENT, LOOKING_ITS_OWN, LATER),
    ("a last look that is throttled", THROTTLED, SPENT, LOOKING_ITS_OWN, LATER),
    ("a last look that is refused the login", UNAUTHORIZED, SPENT, LOOKING_ITS_OWN, LATER),
    ("a throttle never ends a command", THROTTLED, History(charged_attempts=3, seconds_used=9_999.0), QUIET, LATER),
]  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "history", "around", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(failure: ProviderError, history: History, around: FailureContext, reason: Reason | None) -> None:
    decision = decide(failure, history, around, POLICY)

    assert (decision.reason if isinstance(decision, GiveUp) else LATER) == reason


@pytest.mark.parametrize("nothing_written", [True, False])
def test_a_throttle_counts_as_begun_unless_nothing_was_written(*, nothing_written: bool) -> None:
    throttled = Throttled("slow down", 7.0)
    throttled.nothing_written = nothing_written

    decision = later(decide(throttled, History(), QUIET, POLICY))

    assert decision.history.begun is not nothing_written
    assert decision.delay_seconds == (7.0 if nothing_written else POLICY.settle_seconds)


def later(decision: Decision) -> RetryLater:
    assert isinstance(decision, RetryLater), decision
    return decision


@pytest.mark.parametrize("failure", [NOT_SENT, THROTTLED, UNAUTHORIZED])
def test_what_is_never_charged_stays_uncharged_however_well_the_provider_is(failure: ProviderError) -> None:
    history = History()
    for _ in range(5):
        decision = later(decide(failure, history, ITS_OWN, POLICY))
        history = decision.history
        assert not decision.charged

    assert (history.attempts, history.charged_attempts, history.provisional) == (5, 0, 0)


def test_an_unknown_outcome_is_provisional_at_first() -> None:
    decision = later(decide(UNKNOWN, History(), QUIET, POLICY))

    assert not decision.charged
    assert (decision.history.charged_attempts, decision.history.provisional) == (0, 1)
    assert decision.history.provisional_at == NOW


@pytest.mark.parametrize("failure", [NOT_SENT, UNKNOWN, THROTTLED, UNAUTHORIZED])
def test_a_provisional_failure_is_charged_once_the_provider_was_well_after_it(failure: ProviderError) -> None:
    decision = later(decide(failure, PROVISIONAL, ITS_OWN, POLICY))

    assert decision.charged
    assert decision.history.charged_attempts == 1
    assert decision.history.provisional == (1 if failure is UNKNOWN else 0)


def test_a_failure_nobody_knows_the_cause_of_stays_open() -> None:
    decision = later(decide(UNKNOWN, PROVISIONAL, QUIET, POLICY))

    assert not decision.charged
    assert (decision.history.charged_attempts, decision.history.provisional) == (0, 2)


def test_the_provider_s_failures_are_forgotten() -> None:
    decision = later(decide(UNKNOWN, replace(PROVISIONAL, provisional=4), NOT_ITS_OWN, POLICY))

    assert not decision.charged
    assert (decision.history.charged_attempts, decision.history.provisional) == (0, 1)
    assert decision.history.begun


def test_all_provisional_failures_are_charged_together() -> None:
    history = replace(PROVISIONAL, provisional=2)

    assert later(decide(NOT_SENT, history, ITS_OWN, POLICY)).history.charged_attempts == 2


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
def test_what_may_have_happened_counts_as_begun(failure: ProviderError, around: FailureContext, *, begun: bool) -> None:
    assert later(decide(failure, History(), around, POLICY)).history.begun is begun


def test_what_was_begun_stays_begun() -> None:
    assert later(decide(NOT_SENT, PROVISIONAL, QUIET, POLICY)).history.begun


def test_the_first_failure_is_remembered() -> None:
    first = later(decide(NOT_SENT, History(), QUIET, POLICY)).history
    second = later(decide(NOT_SENT, first, replace(QUIET, now=NOW + 5), POLICY)).history

    assert second.first_failed_at == NOW


@pytest.mark.parametrize("history", [LAST, replace(PROVISIONAL, seconds_used=590.0)])
def test_the_look_after_the_last_attempt_may_not_write_any_more(history: History) -> None:
    decision = later(decide(UNKNOWN, history, ITS_OWN, POLICY))

    assert exhausted(decision.history, POLICY)
    assert decision.delay_seconds == POLICY.settle_seconds


def test_a_command_is_exhausted_by_attempts_or_by_seconds_and_not_before() -> None:
    assert not exhausted(History(charged_attempts=2, seconds_used=599.9), POLICY)
    assert exhausted(History(charged_attempts=3), POLICY)
    assert exhausted(History(seconds_used=600.0), POLICY)


@pytest.mark.parametrize(
    ("attempts_before", "shortest", "longest"),
    [(0, 0.5, 1.0), (1, 1.0, 2.0), (5, 16.0, 32.0), (6, 30.0, 60.0), (5_000, 30.0, 60.0)],
)
def test_the_wait_doubles_up_to_the_cap_and_half_of_it_is_chance(
    attempts_before: int, shortest: float, longest: float
) -> None:
    def waits(jitter: float) -> float:
        decision = decide(NOT_SENT, History(attempts=attempts_before), replace(QUIET, jitter=jitter), POLICY)
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


@pytest.mark.parametrize(("failure", "least"), [(NotSent("no list"), 0.5), (OutcomeUnknown("503"), 10.0)])
def test_whatever_fails_is_not_tried_before_the_time_the_provider_named(failure: ProviderError, least: float) -> None:
    for named, waited in [(None, least), (0.25, least), (90.0, 90.0)]:
        failure.retry_after_seconds = named

        assert later(decide(failure, History(), QUIET, POLICY)).delay_seconds == waited


def test_a_throttled_write_is_given_time_to_settle_whatever_the_provider_asks_for() -> None:
    assert later(decide(THROTTLED, History(), QUIET, POLICY)).delay_seconds == POLICY.settle_seconds


def test_a_throttle_that_names_no_time_is_waited_for_like_any_failure() -> None:
    decision = later(decide(Throttled("slow down"), History(attempts=4), LOOKING, POLICY))

    assert decision.delay_seconds == 8.0


@pytest.mark.parametrize(
    ("history", "seconds"),
    [
        (History(attempts=4, provisional_at=NOW - 5.0), 5.0),
        (History(attempts=4, provisional_at=NOW - 3600.0), 8.5),
        (History(attempts=9, provisional_at=NOW - 3600.0), 60.5),
        (History(attempts=1, provisional_at=NOW - 3600.0, begun=True), 10.5),
        (History(attempts=1, provisional_at=NOW + 3600.0), 0.0),
    ],
    ids=["what passed", "no more than its wait and its try", "the longest wait", "time to settle", "a clock set back"],
)
def test_the_wait_and_the_try_use_up_the_window_once_they_are_its_own(history: History, seconds: float) -> None:
    for around, used in [(ITS_OWN, seconds), (NOT_ITS_OWN, 0.0), (QUIET, 0.0)]:
        decision = later(decide(UNKNOWN, replace(history, seconds_used=1.0), around, POLICY))

        assert decision.history.seconds_used == pytest.approx(1.0 + used)


def test_what_was_waited_through_a_pause_uses_up_nothing_and_the_attempt_is_charged() -> None:
    decision = later(decide(UNKNOWN, PROVISIONAL, replace(ITS_OWN, paused=True), POLICY))

    assert (decision.history.seconds_used, decision.history.charged_attempts) == (0.0, 1)


@pytest.mark.parametrize("failure", [NOT_SENT, UNKNOWN, THROTTLED, UNAUTHORIZED])
def test_each_failure_is_dated_so_that_the_next_can_ask_whose_it_was(failure: ProviderError) -> None:
    assert later(decide(failure, PROVISIONAL, QUIET, POLICY)).history.provisional_at == NOW


def test_what_is_given_up_keeps_its_count() -> None:
    decision = decide(REJECTED, PROVISIONAL, ITS_OWN, POLICY)

    assert isinstance(decision, GiveUp)
    assert (decision.history.attempts, decision.history.charged_attempts) == (2, 1)
