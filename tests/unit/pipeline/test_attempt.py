"""One attempt: what the handler gets, what the provider's health hears, and how the attempt ends."""

import json
from dataclasses import dataclass, field, replace

import pytest

from messages.commands import Command
from messages.results import Outcome, Reason
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeHealth, FakeProvider
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.commands import Command as Wire
from tests.support.commands import rename, update_user_profile
from tests.support.work_samples import PASSWORD, create, create_command, disable, rotate, work_of
from worker.domain.claims import Fresh, History, Resumed, Token
from worker.domain.endings import Closing, Deferral, Finished
from worker.domain.result_events import Success
from worker.domain.retry_policy import RetryPolicy
from worker.domain.telemetry import CommandRetried, HandlerCrashed
from worker.domain.work import Attempt, Requested, RetryCause, Work
from worker.errors import (
    Blocked,
    LedgerUnavailable,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    ProviderLogin,
    Rejected,
    Throttled,
    Unauthorized,
    Unsupported,
)
from worker.handlers import Handlers
from worker.pipeline.attempt import AttemptRunner, RetryContext

POLICY = RetryPolicy(max_attempts=3, window_seconds=600.0, settle_seconds=10.0)
SPENT = History(attempts=3, charged_attempts=3, begun=True, first_failed_at=1.0)


@dataclass(slots=True)
class Rig:
    """One room for trying, and everything it talks to."""

    clock: FakeClock = field(default_factory=FakeClock)
    provider: FakeProvider = field(default_factory=FakeProvider)
    health: FakeHealth = field(default_factory=FakeHealth)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)
    waited: float = 100.0

    def attempt(
        self, work: Work, history: History | None = None, handlers: Handlers | None = None
    ) -> Finished | Deferral:
        """Try it, as fresh unless it has a history."""
        assert isinstance(work.content, Requested)
        ledger = FakeLedger(self.clock)
        token = Token(work.content.request.key, "token-1")
        claim = Fresh(token, History()) if history is None else Resumed(token, history)
        judgement = RetryContext(POLICY, self.health, lambda: 0.0, lambda: self.waited)
        trying = AttemptRunner(handlers or Handlers(self.provider, ledger), judgement, self.telemetry, self.clock)
        return trying.attempt(work, work.content.envelope, claim, lambda: Closing(self.clock.now(), "1.2.3"))


class Listening(Handlers):
    """Handlers that only listen, take a while, and end as a test sets."""

    def __init__(self, clock: FakeClock, failure: Exception | None = None) -> None:
        self.attempts: list[Attempt] = []
        self._clock = clock
        self._failure = failure

    def handle(self, _command: Command, attempt: Attempt) -> Success:
        """Listen."""
        self.attempts.append(attempt)
        self._clock.advance(2.5)
        if self._failure is not None:
            raise self._failure
        return Success(Outcome.APPLIED)


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.provider.add(create_command())
    return rig


def finished(ended: Finished | Deferral) -> Finished:
    assert isinstance(ended, Finished), ended
    return ended


def deferred(ended: Finished | Deferral) -> Deferral:
    assert isinstance(ended, Deferral), ended
    return ended


def test_a_success_ends_the_command_and_is_proof_for_the_others(rig: Rig) -> None:
    ended = finished(rig.attempt(work_of(disable())))

    assert (ended.outcome, ended.ending.event.type) == (Outcome.APPLIED, "CustomerDisabled")
    assert ended.ending.history.attempts == 1
    assert rig.health.well == ["subject:cus_42"]
    assert rig.health.logins == [ProviderLogin.V2]


def test_a_refusal_ends_the_command_and_is_proof_too(rig: Rig) -> None:
    ended = finished(rig.attempt(work_of(create())))

    assert ended.outcome is Outcome.FAILED
    assert ended.ending.dead_letter is not None
    assert ended.ending.dead_letter.reason is Reason.PROVIDER_REJECTED
    assert rig.health.well == ["subject:cus_42"]


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (NotSent("refused"), RetryCause.NOT_SENT),
        (Unauthorized("login"), RetryCause.REFUSED),
        (Blocked(413), RetryCause.REFUSED),
        (OutcomeUnknown("reset"), RetryCause.UNKNOWN),
        (Throttled("slow down", 5.0), RetryCause.THROTTLED),
    ],
)
def test_a_failure_puts_the_command_off_and_is_reported(rig: Rig, failure: ProviderError, cause: RetryCause) -> None:
    rig.provider.fail_next(failure)

    put_off = deferred(rig.attempt(work_of(disable())))

    assert (put_off.cause, put_off.detail, put_off.history.attempts) == (cause, failure.detail, 1)
    assert rig.health.failures == [("subject:cus_42", failure)]
    [retry] = rig.telemetry.of(CommandRetried)
    assert (retry.cause, retry.charged) == (cause, "no")
    assert put_off.not_before == rig.clock.now() + retry.delay_seconds


def an_old_failure(rig: Rig) -> History:
    """A failure that is the command's own, from longer ago than any wait lasts."""
    rig.health.proven_at = rig.clock.now()
    return History(attempts=1, provisional=1, provisional_at=rig.clock.now() - 3600.0, begun=True)


def test_the_time_a_try_takes_is_counted(rig: Rig) -> None:
    handlers = Listening(rig.clock, OutcomeUnknown("reset"))

    put_off = deferred(rig.attempt(work_of(disable()), an_old_failure(rig), handlers))

    assert put_off.history.seconds_used == 2.5 + POLICY.settle_seconds


@pytest.mark.parametrize(
    ("made_with", "counted_for"),
    [(None, ProviderLogin.V3), (ProviderLogin.V2, ProviderLogin.V2), (ProviderLogin.V3, ProviderLogin.V3)],
)
def test_a_failure_is_reported_of_the_login_that_its_call_was_made_with(
    rig: Rig, made_with: ProviderLogin | None, counted_for: ProviderLogin
) -> None:
    failure = OutcomeUnknown("reset")
    failure.login = made_with

    rig.attempt(
        work_of(update_user_profile("ada@example.com", {"city": "Ulm"})), handlers=Listening(rig.clock, failure)
    )

    assert rig.health.logins == [counted_for]


@pytest.mark.parametrize("command", [create(), rotate()])
def test_what_is_concluded_without_a_write_says_nothing_about_the_provider(rig: Rig, command: Wire) -> None:
    rig.provider.customers.clear()

    finished(rig.attempt(work_of(command), SPENT))

    assert (rig.health.well, rig.health.failures) == ([], [])


def test_a_command_redelivered_and_never_seen_is_not_remembered(rig: Rig) -> None:
    handlers = Listening(rig.clock)
    work = work_of(disable(), redelivered=True)

    rig.attempt(work, History(), handlers)
    # What the ledger remembers since then says nothing about what came before.
    rig.attempt(work, History(attempts=1), handlers)
    rig.attempt(replace(work, delivery=replace(work.delivery, redelivered=False)), None, handlers)
    rig.attempt(work, History(attempts=1, begun=True), handlers)

    assert [attempt.remembered for attempt in handlers.attempts] == [False, False, True, True]
    assert [attempt.begun for attempt in handlers.attempts] == [False, False, False, True]


class HeldBack(Listening):
    """Takes two and a half seconds, some of which our own rate limit took, over all of its calls."""

    def __init__(self, rig: Rig, *waits: float) -> None:
        super().__init__(rig.clock, OutcomeUnknown("reset"))
        self._rig = rig
        self._waits = waits

    def handle(self, command: Command, attempt: Attempt) -> Success:
        """Wait, and listen."""
        for seconds in self._waits:
            self._rig.waited += seconds
        return super().handle(command, attempt)


@pytest.mark.parametrize(("waits", "counted"), [((0.75, 1.25), 0.5), ((3.0,), 0.0), ((), 2.5)])
def test_the_time_our_own_rate_limit_took_in_the_whole_try_is_not_counted(
    rig: Rig, waits: tuple[float, ...], counted: float
) -> None:
    put_off = deferred(rig.attempt(work_of(disable()), an_old_failure(rig), HeldBack(rig, *waits)))

    assert put_off.history.seconds_used == counted + POLICY.settle_seconds


def test_what_was_refused_without_a_call_says_nothing_about_the_provider(rig: Rig) -> None:
    rig.provider.fail_next(Unsupported("not in this edition"))

    ended = finished(rig.attempt(work_of(disable())))

    assert ended.ending.dead_letter is not None
    assert ended.ending.dead_letter.reason is Reason.PROVIDER_REJECTED
    assert (rig.health.well, rig.health.failures) == ([], [])


def test_a_throttled_look_pauses_for_its_time_and_makes_nothing_look_begun(rig: Rig) -> None:
    throttled = Throttled("slow down", 900.0)
    rig.provider.fail_next(throttled, "find")

    put_off = deferred(rig.attempt(work_of(rename("ada@example.com", "new@example.com"))))

    assert rig.health.failures[0][1] is throttled
    assert (put_off.not_before, put_off.history.begun) == (rig.clock.now() + 900.0, False)


def test_what_an_earlier_attempt_wrote_down_is_given_to_the_next(rig: Rig) -> None:
    handlers = Listening(rig.clock)

    rig.attempt(work_of(disable()), None, handlers)
    rig.attempt(work_of(disable()), History(attempts=1, note="written down"), handlers)

    assert [attempt.note for attempt in handlers.attempts] == [None, "written down"]


def test_without_attempts_left_a_command_may_only_look(rig: Rig) -> None:
    handlers = Listening(rig.clock)

    rig.attempt(work_of(disable()), replace(SPENT, charged_attempts=2), handlers)
    rig.attempt(work_of(disable()), SPENT, handlers)

    assert [attempt.may_write for attempt in handlers.attempts] == [True, False]


def test_a_failure_after_which_the_provider_was_well_is_charged(rig: Rig) -> None:
    rig.provider.fail_next(NotSent("refused"))
    rig.health.proven_at = rig.clock.now()
    before = History(attempts=1, provisional=1, provisional_at=rig.clock.now() - 1, begun=True)

    put_off = deferred(rig.attempt(work_of(disable()), before))

    assert put_off.history.charged_attempts == 1
    assert rig.telemetry.of(CommandRetried)[0].is_charged


def test_a_fault_of_ours_is_logged_and_judged_as_an_unknown_outcome(rig: Rig) -> None:
    bug = ZeroDivisionError("1/0")

    put_off = deferred(rig.attempt(work_of(disable()), handlers=Listening(rig.clock, bug)))

    assert put_off.history.begun
    assert "ZeroDivisionError" in put_off.detail
    assert [each.error for each in rig.telemetry.of(HandlerCrashed)] == [bug]


def test_a_ledger_that_cannot_be_reached_is_not_the_provider_s_fault(rig: Rig) -> None:
    with pytest.raises(LedgerUnavailable):
        rig.attempt(work_of(disable()), handlers=Listening(rig.clock, LedgerUnavailable("gone")))

    assert (rig.health.failures, rig.telemetry.of(HandlerCrashed)) == ([], [])


def test_a_rotation_whose_last_look_can_see_nothing_ends_as_unknown(rig: Rig) -> None:
    ended = finished(rig.attempt(work_of(rotate()), SPENT))

    assert ended.ending.dead_letter is not None
    assert ended.ending.dead_letter.reason is Reason.OUTCOME_UNKNOWN
    assert PASSWORD not in repr(ended)


def test_a_refusal_says_so_in_the_provider_s_words(rig: Rig) -> None:
    rig.provider.fail_next(Rejected("the provider refused: a; b", ("a", "b")))

    ended = finished(rig.attempt(work_of(disable())))

    assert ended.detail == "the provider refused: a; b"


def test_no_attempt_is_made_or_counted_when_none_is_left_and_nothing_was_ever_sent(rig: Rig) -> None:
    never_sent = History(attempts=5, charged_attempts=3, first_failed_at=1.0)

    ended = finished(rig.attempt(work_of(disable()), never_sent))

    event = json.loads(ended.ending.event.body)["data"]
    assert (event["reason"], event["attempts"]) == (Reason.RETRIES_EXHAUSTED, 5)
    assert "no attempts are left" in event["detail"]
    assert rig.provider.calls == []
