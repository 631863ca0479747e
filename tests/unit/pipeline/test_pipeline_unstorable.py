"""A command that the ledger's database refuses for what it holds ends as a dead letter, and never as a pause."""

import json

import pytest

from tests.support.pipeline_rig import PipelineRig
from tests.support.work_samples import create, work_of
from worker.domain.claims import ClaimRequest, Token
from worker.domain.deliveries import Destination
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.telemetry import CommandSettled
from worker.errors import LedgerError, NotTaken, Unstorable

CREATE = work_of(create())
WHY = "The ledger cannot take command evt_1 of billing: index row size 2800 exceeds maximum 2704."


@pytest.fixture
def rig() -> PipelineRig:
    return PipelineRig()


def reason_and_detail(rig: PipelineRig) -> tuple[str, str]:
    """The reason and the detail of the one event; there is one dead letter beside it."""
    dead_letter, event = rig.publisher.published
    assert (dead_letter.destination, event.destination) == (Destination.DEAD_LETTERS, Destination.EVENTS)
    failed = json.loads(event.body)["data"]
    return failed["reason"], failed["detail"]


def test_what_cannot_be_claimed_is_refused(rig: PipelineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_request: ClaimRequest) -> None:
        raise Unstorable(WHY)

    monkeypatch.setattr(rig.ledger, "claim", refused)

    assert rig.run_to_the_end(CREATE) == 1
    assert reason_and_detail(rig) == ("invalid", WHY)
    assert rig.provider.calls == []
    assert rig.notes == ["refuse", "dead letter", "event", "ack"]


def test_what_cannot_even_be_refused_in_writing_is_answered(rig: PipelineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: ClaimRequest | Refusal) -> None:
        raise Unstorable(WHY)

    monkeypatch.setattr(rig.ledger, "claim", refused)
    monkeypatch.setattr(rig.ledger, "refuse", refused)

    assert rig.run_to_the_end(CREATE) == 1
    assert reason_and_detail(rig) == ("invalid", WHY)
    assert rig.notes == ["dead letter", "event", "ack"]


def test_an_ending_that_cannot_be_recorded_ends_as_unknown(rig: PipelineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    record = rig.ledger.record

    def choosy(token: Token, ending: Ending) -> None:
        if ending.dead_letter is None:
            raise Unstorable(WHY)
        record(token, ending)

    monkeypatch.setattr(rig.ledger, "record", choosy)

    assert rig.run_to_the_end(CREATE) == 1
    reason, detail = reason_and_detail(rig)
    assert reason == "outcome_unknown"
    assert detail.startswith(WHY)
    assert rig.run_to_the_end(CREATE) == 1
    assert [report.outcome.value for report in rig.telemetry.of(CommandSettled)] == ["failed", "duplicate"]


def test_a_note_that_cannot_be_kept_ends_its_command(rig: PipelineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise Unstorable(WHY)

    monkeypatch.setattr(rig.attempts, "attempt", refused)

    assert rig.run_to_the_end(CREATE) == 1
    assert reason_and_detail(rig)[0] == "outcome_unknown"


@pytest.mark.parametrize("kind", [Unstorable, NotTaken])
def test_a_wait_that_cannot_be_written_down_is_kept(
    rig: PipelineRig, monkeypatch: pytest.MonkeyPatch, kind: type[LedgerError]
) -> None:
    def refused(_token: Token, _deferral: Deferral) -> None:
        raise kind(WHY)

    rig.provider.lose_next_answer(applied=True)
    monkeypatch.setattr(rig.ledger, "defer", refused)

    assert rig.run_once(CREATE).until > rig.clock.now()
