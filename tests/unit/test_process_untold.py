"""What was recorded and cannot be told: how it is counted later, and who waits for it."""

from dataclasses import replace

import pytest

from messages.outcomes import Outcome
from tests.support.process_rig import ProcessRig
from tests.support.work_samples import again, create, work_of
from worker.domain.work import Wait, Work
from worker.errors import PublishFailed
from worker.process import UNPUBLISHABLE_SECONDS

CREATE = work_of(create())
REPEAT = work_of(create(), tag=7)
BROKEN = work_of(b"no command")


@pytest.fixture
def rig() -> ProcessRig:
    return ProcessRig()


def outcomes(rig: ProcessRig) -> list[Outcome]:
    return [report.outcome for report in rig.telemetry.reports]


def fail_to_tell(rig: ProcessRig) -> None:
    rig.publisher.fail_next()
    with pytest.raises(PublishFailed):
        rig.process.run(CREATE)


@pytest.mark.parametrize("same", [CREATE, again(CREATE)])
def test_the_delivery_that_could_not_be_told_counts_as_what_it_did(rig: ProcessRig, same: Work) -> None:
    fail_to_tell(rig)

    rig.run_to_the_end(same)

    assert outcomes(rig) == [Outcome.APPLIED]


def test_the_senders_own_repeat_counts_as_a_repeat(rig: ProcessRig) -> None:
    fail_to_tell(rig)

    rig.run_to_the_end(REPEAT)

    assert outcomes(rig) == [Outcome.DUPLICATE]


@pytest.mark.parametrize("work", [CREATE, BROKEN])
def test_what_the_broker_can_never_take_waits_long_and_says_so(rig: ProcessRig, work: Work) -> None:
    rig.publisher.largest_body = 1

    verdict = rig.process.run(work)

    assert verdict == Wait(rig.clock.now() + UNPUBLISHABLE_SECONDS)
    ((whose, words),) = rig.telemetry.unpublishables
    assert whose is work
    assert "larger than the broker allows" in words
    assert rig.settlement.acked == []


def test_others_are_told_meanwhile(rig: ProcessRig) -> None:
    large = work_of(create(city="x" * 100))
    rig.publisher.largest_body = 0
    rig.process.run(large)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(BROKEN)

    assert rig.settlement.acked == [BROKEN.delivery.receipt]


def test_once_the_broker_takes_it_it_is_told_and_nothing_is_done_twice(rig: ProcessRig) -> None:
    rig.publisher.largest_body = 1
    rig.process.run(CREATE)
    done = list(rig.notes)
    rig.publisher.largest_body = 10_000

    rig.run_to_the_end(CREATE)

    assert rig.notes == [*done, "event", "ack"]
    assert outcomes(rig) == [Outcome.APPLIED]


def test_leftovers_are_not_kept_for_ever(rig: ProcessRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.process._MOST_UNTOLD", 3)
    rig.publisher.fail_next(100)

    for number in range(10):
        work = work_of(create(id=f"evt_{number}", username=f"u{number}@example.com"))
        with pytest.raises(PublishFailed):
            rig.process.run(replace(work, alone=False))

    assert len(rig.process._untold) <= 3
