"""What becomes of each failure at each stage is what the table says."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import pytest

from tests.fakes.broker import FakePublisher
from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import create, work_of
from worker.domain.claims import Held, Token
from worker.domain.deliveries import Destination, Outgoing
from worker.domain.endings import Ending
from worker.domain.telemetry import CommandNotTaken, HandlerCrashed
from worker.domain.work import Kept, Settled, Step, Wait
from worker.errors import (
    ClaimLost,
    LedgerError,
    LedgerUnavailable,
    NotTaken,
    PublishFailed,
    Rejected,
    Unpublishable,
    Unsealable,
    Unstorable,
)
from worker.pipeline.job import Job
from worker.pipeline.stages import TABLE, Response, Stage, response_to

CREATE = work_of(create())
BROKEN = work_of(b"no command")
ITS_OWN = replace(BROKEN.delivery.properties, headers={"theirs": "t"})
WITH_HEADERS = replace(BROKEN, delivery=replace(BROKEN.delivery, properties=ITS_OWN))
LEDGER_STAGES = (Stage.FETCH, Stage.CLAIM, Stage.ATTEMPT, Stage.RECORD, Stage.SETTLE)


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def failing(failure: Exception, times: int = 1_000) -> Callable[..., None]:
    left = [failure] * times

    def call(*_: object) -> None:
        if left:
            raise left.pop()

    return call


def test_the_stages_stand_in_their_order_each_once() -> None:
    assert [row.stage for row in TABLE] == list(Stage)


@pytest.mark.parametrize("stage", LEDGER_STAGES)
def test_a_ledger_that_is_away_pauses_intake_at_every_stage_that_uses_it(stage: Stage) -> None:
    assert response_to(stage, LedgerUnavailable("away")) is Response.PAUSE
    assert response_to(stage, NotTaken("a trigger says no")) is Response.BACK_OFF
    assert response_to(stage, Unstorable("too long")) in (Response.BACK_OFF, Response.REFUSE)


@pytest.mark.parametrize(
    ("stage", "failure", "response"),
    [
        (Stage.FETCH, Unsealable("no key"), Response.WAIT_FOR_OPERATOR),
        (Stage.CLAIM, Unstorable("too long"), Response.REFUSE),
        (Stage.ATTEMPT, ClaimLost("taken over"), Response.CLAIM_ANEW),
        (Stage.RECORD, ClaimLost("taken over"), Response.CLAIM_ANEW),
        (Stage.PUBLISH, PublishFailed("no route"), Response.KEEP),
        (Stage.PUBLISH, Unpublishable("too large"), Response.WAIT_FOR_OPERATOR),
        (Stage.ATTEMPT, ZeroDivisionError(), None),
        (Stage.SETTLE, PublishFailed("nobody foresaw this"), None),
    ],
)
def test_the_nearest_kind_of_failure_decides(stage: Stage, failure: Exception, response: Response | None) -> None:
    assert response_to(stage, failure) is response


@pytest.mark.parametrize("trouble", [NotTaken("a trigger says no"), Unstorable("too long")])
def test_a_command_that_the_ledger_does_not_take_waits_longer_each_time_and_is_reported_once(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch, trouble: LedgerError
) -> None:
    monkeypatch.setattr(rig.ledger, "record", failing(trouble))

    waits = [rig.run(CREATE, quarantined=True) for _ in range(9)]

    assert waits == [Wait(rig.clock.now() + min(2.0**tries, 60.0)) for tries in range(9)]
    assert rig.pauses == []
    assert rig.telemetry.of(CommandNotTaken) == [CommandNotTaken(str(trouble))]


def test_while_the_ledger_is_away_a_quarantined_command_keeps_its_privilege(rig: PipelineRig) -> None:
    rig.ledger.broken = True

    assert rig.run(CREATE, quarantined=True) == Wait(rig.clock.now() + 1.0, quarantined=True)


class SelectivePublisher(FakePublisher):
    """Can never take a message with a stranger's headers."""

    def publish(self, message: Outgoing) -> None:
        """Take it, or raise Unpublishable."""
        if "theirs" in message.properties.headers:
            raise Unpublishable("too many headers")
        super().publish(message)


def test_a_dead_letter_goes_without_its_original_headers_when_the_broker_cannot_take_them(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = SelectivePublisher()
    monkeypatch.setattr(rig.publisher, "publish", publisher.publish)

    assert rig.run(WITH_HEADERS) == Settled()

    [dead_letter] = publisher.to(Destination.DEAD_LETTERS)
    assert "theirs" not in dead_letter.properties.headers
    assert "too many headers" in str(dead_letter.properties.headers["provisioning-note"])
    assert dead_letter.body == b"no command"


def test_the_event_goes_too_when_its_dead_letter_goes_without_headers(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = SelectivePublisher()
    monkeypatch.setattr(rig.publisher, "publish", publisher.publish)
    delivery = CREATE.delivery
    with_headers = replace(delivery, properties=replace(delivery.properties, headers={"theirs": "t"}))
    rig.provider.fail_next(Rejected("the provider refused: package unknown", ("package unknown",)))

    assert rig.run(replace(CREATE, delivery=with_headers)) == Settled()

    assert [len(publisher.to(place)) for place in (Destination.DEAD_LETTERS, Destination.EVENTS)] == [1, 1]


def test_a_dead_letter_that_was_too_large_has_its_headers_once_the_limit_is_raised(rig: PipelineRig) -> None:
    rig.publisher.largest_body = 1
    assert rig.run(WITH_HEADERS) == Wait(rig.clock.now() + 60.0)
    rig.publisher.largest_body = 10_000

    assert rig.run(WITH_HEADERS) == Settled()

    [dead_letter] = rig.publisher.to(Destination.DEAD_LETTERS)
    assert dead_letter.properties.headers["theirs"] == "t"


def test_an_attempt_that_lost_the_ledger_begins_with_a_new_claim(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(rig.attempts, "attempt", failing(LedgerUnavailable("away")))
        assert rig.run(CREATE) == Wait(rig.clock.now() + 1.0)

    assert rig.run(CREATE) == Settled()
    assert rig.steps.count(Step.CLAIMED) == 2


def test_an_ending_that_says_that_the_first_could_not_be_stored_is_written_anew_after_a_lost_claim(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = rig.ledger.record
    answers: list[LedgerError | None] = [Unstorable("1"), ClaimLost("2"), Unstorable("3"), None]

    def record(token: Token, ending: Ending) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        kept(token, ending)

    monkeypatch.setattr(rig.ledger, "record", record)
    assert rig.run(CREATE) == Wait(rig.clock.now() + 1.0)

    assert rig.run(CREATE) == Settled()
    assert answers == []


def test_a_fault_of_the_workers_own_while_it_answers_a_failure_ends_the_process(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.ledger.broken = True
    monkeypatch.setattr(rig.pipeline, "_pause_intake", failing(KeyError("a bug")))

    rig.pipeline.start(Job(CREATE))

    assert not rig.pipeline.alive
    assert len(rig.telemetry.of(HandlerCrashed)) == 1


def test_a_fault_in_what_is_called_later_ends_the_process(rig: PipelineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    claim: Future[object] = Future()
    monkeypatch.setattr(rig.ledger, "claim_soon", lambda _request: claim)
    rig.pipeline.start(Job(CREATE))
    assert rig.pipeline.alive

    monkeypatch.setattr(rig.pipeline, "_reached", failing(KeyError("a bug")))
    claim.set_result(Held(0.0))

    assert not rig.pipeline.alive


def test_a_dead_letter_keeps_its_headers_when_the_broker_is_only_away(rig: PipelineRig) -> None:
    rig.publisher.fail_next()
    assert rig.run(WITH_HEADERS) == Kept()

    rig.publish_kept()

    [dead_letter] = rig.publisher.to(Destination.DEAD_LETTERS)
    assert dead_letter.properties.headers["theirs"] == "t"
