"""A firewall refuses one customer's request again and again, while the provider is well: it ends soon, and says why."""

from collections import deque

import pytest

from messages.commands import Command
from messages.results import Outcome, Reason
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.commands import update_user_profile
from tests.support.work_samples import create, disable, rotate, work_of
from tests.unit.intake.pausing import PauseRig
from worker.domain.claims import Fresh, History, Resumed, Token
from worker.domain.endings import Closing, Finished
from worker.domain.result_events import Success
from worker.domain.retry_policy import RetryPolicy
from worker.domain.telemetry import CommandRetried
from worker.domain.work import Attempt, Requested, RetryCause, Work
from worker.errors import Blocked, ProviderError, ProviderLogin, Unauthorized
from worker.handlers import Handlers
from worker.pipeline.attempt import AttemptRunner, RetryContext

#: Of the ten minutes that a command has.
SOON_SECONDS = 60.0


class Answering(Handlers):
    """Ends each attempt as a test sets; those after that succeed."""

    def __init__(self, clock: FakeClock, *failures: ProviderError) -> None:
        super().__init__(FakeProvider(), FakeLedger(clock))
        self.failures = deque(failures)

    def handle(self, _command: Command, _attempt: Attempt) -> Success:
        """End."""
        if self.failures:
            raise self.failures.popleft()
        return Success(Outcome.APPLIED)


class Day:
    """One command, tried until it ends, beside a pause that asks its probe when it is time."""

    def __init__(self, *failures: ProviderError) -> None:
        self.pause_rig = PauseRig()
        self.clock = self.pause_rig.clock
        self.telemetry = RecordingTelemetry()
        judgement = RetryContext(RetryPolicy(), self.pause_rig.pause, lambda: 0.5)
        self.trying = AttemptRunner(Answering(self.clock, *failures), judgement, self.telemetry, self.clock)

    def end(self, work: Work) -> Finished:
        """Try it until it ends."""
        assert isinstance(work.content, Requested)
        token, history = Token(work.content.request.key, "token-1"), None
        while True:
            claim = Fresh(token, History()) if history is None else Resumed(token, history)
            ended = self.trying.attempt(work, work.content.envelope, claim, lambda: Closing(self.clock.now(), "1.2.3"))
            self.clock.advance(0.01)
            self.pause_rig.look()
            if isinstance(ended, Finished):
                return ended
            history = ended.history
            self.clock.advance(max(0.0, ended.not_before - self.clock.now()))
            self.pause_rig.look()


def refused_login(status: int, login: ProviderLogin = ProviderLogin.V2) -> Unauthorized:
    """A refusal whose words are about the login."""
    return Unauthorized(f"the provider refuses the {login} login ({status}); check the settings", (), login, status)


@pytest.mark.parametrize(
    ("work", "refusal"),
    [
        (work_of(create()), refused_login(403)),
        (work_of(rotate()), refused_login(401)),
        (work_of(disable()), Blocked(413)),
        (work_of(update_user_profile("ada@example.com", {"city": "Ulm"})), refused_login(403, ProviderLogin.V3)),
    ],
    ids=["create 403", "rotate 401", "disable 413", "v3 403"],
)
def test_it_ends_soon_and_its_words_are_about_the_request(work: Work, refusal: ProviderError) -> None:
    day = Day(*[refusal] * 100)
    began = day.clock.now()

    ended = day.end(work)

    assert ended.ending.dead_letter is not None
    assert ended.ending.dead_letter.reason is Reason.PROVIDER_REJECTED
    assert "this request is refused (4" in ended.detail
    assert "login" not in ended.detail
    assert day.clock.now() - began < SOON_SECONDS
    assert day.pause_rig.causes == set()


def test_that_others_are_answered_is_reported_at_the_end_and_not_before_it_is_proven() -> None:
    day = Day(*[Blocked(413)] * 100)

    ended = day.end(work_of(disable()))

    assert "others are answered meanwhile: look at what in the command" in ended.detail
    assert day.telemetry.of(CommandRetried)
    assert {retry.detail for retry in day.telemetry.of(CommandRetried)} == {Blocked(413).detail}
    assert {retry.cause for retry in day.telemetry.of(CommandRetried)} == {RetryCause.REFUSED}
    assert "others" not in Blocked(413).detail


def test_after_the_login_was_proven_good_no_line_asks_to_check_it() -> None:
    day = Day(*[refused_login(403)] * 100)

    day.end(work_of(disable()))

    first, *others = [retry.detail for retry in day.telemetry.of(CommandRetried)]
    assert "login" in first
    assert others
    assert not any("login" in detail for detail in others)


def test_a_login_that_is_really_refused_is_waited_for_and_charged_to_nobody() -> None:
    day = Day(*[refused_login(401)] * 30)
    day.pause_rig.probe_answers(*[refused_login(401)] * 200)

    ended = day.end(work_of(disable()))

    assert ended.outcome is Outcome.APPLIED
    assert ended.ending.history.charged_attempts == 0


def test_what_passes_after_a_few_refusals_is_applied() -> None:
    ended = Day(*[refused_login(403)] * 3).end(work_of(disable()))

    assert ended.outcome is Outcome.APPLIED
