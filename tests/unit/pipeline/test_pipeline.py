"""The way of one delivery with fakes in all rooms: what happens, in which order, and what is reported."""

import json
import time
from typing import Any

import pytest

from messages.commands import Command
from messages.results import Outcome, Reason
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import PASSWORD, USERNAME, again, create, create_command, disable, rotate, work_of
from worker.domain.deliveries import Destination, Outgoing
from worker.domain.result_events import Success
from worker.domain.retry_policy import RetryPolicy
from worker.domain.telemetry import CommandSettled
from worker.domain.work import Attempt, Kept, Requested, Step, Wait, Work
from worker.errors import NotSent, OutcomeUnknown, Rejected, Throttled
from worker.handlers import Handlers

CREATE = work_of(create())
DISABLE = work_of(disable())
OTHER = work_of(create(city="Paris"), tag=9)
INVALID = work_of(create(zip=""))
BROKEN = work_of(b"\xff{")
REFUSED = Rejected("the provider refused: package unknown", ("package unknown",))


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def events(rig: PipelineRig) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in rig.publisher.to(Destination.EVENTS)]


def dead_letters(rig: PipelineRig) -> list[Outgoing]:
    return rig.publisher.to(Destination.DEAD_LETTERS)


def test_a_command_is_recorded_then_published_then_acked(rig: PipelineRig) -> None:
    rig.run_to_the_end(CREATE)

    assert rig.notes == ["record", "event", "ack"]
    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert events(rig)[0]["type"] == "CustomerCreated"
    assert rig.settlement.acked == [CREATE.delivery.receipt]


def test_a_failed_command_is_recorded_then_its_dead_letter_then_its_event_then_acked(rig: PipelineRig) -> None:
    rig.provider.fail_next(REFUSED)

    rig.run_to_the_end(CREATE)

    assert rig.notes == ["record", "dead letter", "event", "ack"]
    assert dead_letters(rig)[0].body == CREATE.delivery.body
    assert events(rig)[0]["data"]["reason"] == dead_letters(rig)[0].routing_key == "provider_rejected"


def test_every_step_is_passed_in_its_order(rig: PipelineRig) -> None:
    rig.provider.fail_next(REFUSED)

    rig.run_to_the_end(CREATE)

    assert rig.steps == [step for step in Step if step not in {Step.ARRIVED, Step.DECODED, Step.QUEUED, Step.PARKED}]


def test_what_was_done_is_published_again_byte_for_byte_and_not_done_again(rig: PipelineRig) -> None:
    rig.run_to_the_end(CREATE)

    rig.clock.advance(3_600.0)
    rig.run_to_the_end(again(CREATE))

    first, second = rig.publisher.published
    assert first == second
    assert rig.provider.calls == [f"CreateCustomer {USERNAME}"]
    assert [report.outcome for report in rig.telemetry.of(CommandSettled)] == [Outcome.APPLIED, Outcome.DUPLICATE]


def test_what_failed_for_good_is_published_again_byte_for_byte(rig: PipelineRig) -> None:
    rig.provider.fail_next(REFUSED)
    rig.run_to_the_end(CREATE)

    rig.clock.advance(3_600.0)
    rig.run_to_the_end(again(CREATE))

    assert rig.notes == ["record", "dead letter", "event", "ack", "dead letter", "event", "ack"]
    dead_letter, event, dead_letter_again, event_again = rig.publisher.published
    assert (dead_letter, event) == (dead_letter_again, event_again)


def test_a_command_that_another_process_holds_waits_for_it(rig: PipelineRig) -> None:
    assert isinstance(CREATE.content, Requested)
    FakeLedger(rig.clock, rig.storage).claim(CREATE.content.request)

    assert rig.run_once(CREATE).until > rig.clock.now()
    assert (rig.notes, rig.provider.calls) == ([], [])


def test_a_key_that_is_taken_is_a_conflict_and_says_nothing_about_the_first(rig: PipelineRig) -> None:
    rig.run_to_the_end(CREATE)

    rig.run_to_the_end(OTHER)

    first, second = events(rig)
    assert (first["type"], second["data"]["reason"]) == ("CustomerCreated", "id_conflict")
    assert first["id"] != second["id"]
    assert rig.notes == ["record", "event", "ack", "refuse", "dead letter", "event", "ack"]
    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]


def test_an_invalid_command_is_answered_and_does_not_take_its_key(rig: PipelineRig) -> None:
    rig.run_to_the_end(INVALID)
    assert rig.notes == ["refuse", "dead letter", "event", "ack"]
    assert events(rig)[0]["data"]["reason"] == "invalid"

    rig.run_to_the_end(CREATE)

    assert events(rig)[1]["type"] == "CustomerCreated"


def test_a_message_that_names_no_command_ends_as_a_dead_letter_alone(rig: PipelineRig) -> None:
    rig.run_to_the_end(BROKEN)

    assert rig.notes == ["refuse", "dead letter", "ack"]
    assert dead_letters(rig)[0].body == b"\xff{"
    assert dead_letters(rig)[0].routing_key == "undecodable"


@pytest.mark.parametrize("work", [INVALID, BROKEN, OTHER])
def test_a_refusal_reported_again_is_the_same(rig: PipelineRig, work: Work) -> None:
    rig.run_to_the_end(CREATE)
    before = len(rig.publisher.published)

    rig.run_to_the_end(work)
    rig.clock.advance(3_600.0)
    rig.run_to_the_end(again(work))

    in_both_runs = rig.publisher.published[before:]
    assert in_both_runs[: len(in_both_runs) // 2] == in_both_runs[len(in_both_runs) // 2 :]


def test_a_failed_attempt_is_put_off_and_nothing_is_published(rig: PipelineRig) -> None:
    rig.provider.fail_next(NotSent("refused"))

    until = rig.run_once(CREATE).until

    assert (rig.notes, rig.publisher.published, rig.settlement.acked) == (["defer"], [], [])
    rig.clock.advance(until - rig.clock.now())
    assert rig.run_to_the_end(CREATE) == 1
    assert events(rig)[0]["data"]["attempts"] == 2


def test_a_lost_answer_is_found_done(rig: PipelineRig) -> None:
    rig.provider.lose_next_answer(applied=True)

    rig.run_to_the_end(CREATE)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert events(rig)[0]["data"].items() >= {"outcome": "already_applied", "attempts": 2}.items()


def test_a_lost_request_is_sent_again(rig: PipelineRig) -> None:
    rig.provider.lose_next_answer(applied=False)

    rig.run_to_the_end(CREATE)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert events(rig)[0]["data"]["outcome"] == "applied"


def test_a_command_whose_attempts_are_used_up_ends_as_a_dead_letter() -> None:
    rig = PipelineRig(RetryPolicy(max_attempts=2))
    rig.health.proven_at = rig.clock.now() + 10_000.0
    for _ in range(5):
        rig.provider.lose_next_answer("CreateCustomer", applied=False)

    rig.run_to_the_end(CREATE)

    assert dead_letters(rig)[0].routing_key == Reason.RETRIES_EXHAUSTED
    assert rig.provider.calls[-1] == f"search username={USERNAME}"


def test_a_provider_that_never_comes_back_costs_no_command(rig: PipelineRig) -> None:
    for _ in range(15):
        rig.provider.fail_next(OutcomeUnknown("reset"))

    rig.run_to_the_end(CREATE)

    assert events(rig)[0]["data"]["outcome"] == "applied"


@pytest.mark.parametrize("work", [CREATE, INVALID, BROKEN])
def test_nothing_is_acked_that_was_not_confirmed(rig: PipelineRig, work: Work) -> None:
    rig.publisher.fail_next()

    assert rig.run(work) == Kept()
    assert rig.settlement.acked == []
    assert rig.intake[-1]
    rig.publish_kept()
    assert rig.intake[-1] == ""

    assert rig.settlement.acked == [work.delivery.receipt]
    assert rig.notes.count("ack") == 1


def test_an_event_that_is_not_confirmed_after_its_dead_letter_is_published_again_alone(rig: PipelineRig) -> None:
    rig.provider.fail_next(REFUSED)
    rig.publisher.unbound.add(Destination.EVENTS)
    assert rig.run(CREATE) == Kept()
    rig.publisher.unbound.clear()

    rig.publish_kept()

    assert rig.notes == ["record", "dead letter", "event", "ack"]


def test_without_the_ledger_nothing_is_done_and_nothing_is_published(rig: PipelineRig) -> None:
    rig.ledger.broken = True

    for work in (CREATE, INVALID, BROKEN):
        assert rig.run(work) == Wait(rig.clock.now() + 1.0)

    assert (rig.notes, rig.provider.calls) == ([], [])
    assert len(rig.pauses) == 3


class TakenOver(FakeProvider):
    """While it creates, the command is claimed anew."""

    def __init__(self, rig: PipelineRig) -> None:
        super().__init__()
        self._rig = rig

    def apply(self, command: Command) -> None:
        """Create it, and lose the claim."""
        super().apply(command)
        assert isinstance(CREATE.content, Requested)
        self._rig.ledger.claim(CREATE.content.request)


def test_a_claim_that_was_lost_meanwhile_reports_nothing(rig: PipelineRig) -> None:
    rig.provider = TakenOver(rig)
    rig.restart()

    assert rig.run(CREATE) == Wait(rig.clock.now() + 1.0)

    assert rig.provider.changes == [f"CreateCustomer {USERNAME}"]
    assert rig.notes == []


def test_a_report_says_how_it_ended_and_how_long_it_took(rig: PipelineRig) -> None:
    rig.provider.fail_next(REFUSED)

    rig.run_to_the_end(CREATE)

    [report] = rig.telemetry.of(CommandSettled)
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.PROVIDER_REJECTED)
    assert (report.detail, report.attempts, report.seconds) == (REFUSED.detail, 1, 0.0)


def test_a_refusal_is_reported_with_its_words(rig: PipelineRig) -> None:
    rig.run_to_the_end(INVALID)

    [report] = rig.telemetry.of(CommandSettled)
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.INVALID)
    assert report.detail == "zip: must have at least 1 characters"


def test_nothing_that_is_reported_holds_a_secret(rig: PipelineRig) -> None:
    rig.provider.add(create_command())
    for work in (CREATE, work_of(disable()), work_of(rotate()), work_of(rotate("evt_1"))):
        rig.run_to_the_end(work)

    bodies = b"".join(message.body for message in rig.publisher.to(Destination.EVENTS))
    headers = repr([message.properties for message in rig.publisher.published])
    assert len(events(rig)) == 4
    assert PASSWORD.encode() not in bodies
    assert PASSWORD not in headers + repr(rig.telemetry.of(CommandSettled))


def test_a_wait_ends_the_run_and_not_the_command(rig: PipelineRig) -> None:
    rig.provider.fail_next(NotSent("refused"))

    assert isinstance(rig.run(CREATE), Wait)
    assert rig.telemetry.of(CommandSettled) == []


@pytest.mark.parametrize(("lost", "outcome"), [(1, Outcome.APPLIED), (5, Outcome.FAILED)])
def test_attempts_are_all_runs_against_the_provider_in_event_dead_letter_and_log(
    monkeypatch: pytest.MonkeyPatch, lost: int, outcome: Outcome
) -> None:
    rig = PipelineRig(RetryPolicy(max_attempts=2))
    rig.provider.add(create_command())
    rig.health.proven_at = rig.clock.now() + 10_000.0
    # What was never sent and what was throttled is charged to nobody; what is lost twice is, and then it may only look.
    for failure in (NotSent("refused"), Throttled("slow down"), *[OutcomeUnknown("lost")] * lost):
        rig.provider.fail_next(failure, "DisableCustomer")
    runs: list[Attempt] = []
    handle = Handlers.handle

    def counted(self: Handlers, command: Command, attempt: Attempt) -> Success:
        runs.append(attempt)
        return handle(self, command, attempt)

    monkeypatch.setattr(Handlers, "handle", counted)

    rig.run_to_the_end(DISABLE)

    assert [run.may_write for run in runs] == [True] * (len(runs) - 1) + [outcome is Outcome.APPLIED]
    assert events(rig)[0]["data"]["attempts"] == len(runs)
    assert {each.properties.headers["provisioning-attempts"] for each in dead_letters(rig)} <= {len(runs)}
    settled = rig.telemetry.of(CommandSettled)[-1]
    assert (settled.outcome, settled.attempts) == (outcome, len(runs))


def test_a_command_is_settled_at_the_machine_s_own_time_whatever_clock_it_waits_by() -> None:
    rig = PipelineRig(RetryPolicy(max_attempts=2))
    rig.provider.add(create_command())

    before = time.time()
    rig.run_to_the_end(DISABLE)

    assert before <= rig.telemetry.of(CommandSettled)[-1].settled_at <= time.time()
