"""Trouble in our own rooms: what is counted, and what is waited for, when a telling or a deferral fails."""

import pytest

from tests.support.process_rig import ProcessRig
from tests.support.work_samples import create, work_of
from worker.domain.deliveries import Receipt
from worker.domain.recoverability import RetryPolicy
from worker.errors import LedgerUnavailable, PublishFailed, Rejected

CREATE = work_of(create())
REFUSED = Rejected("the provider refused: no such package", ("no such package",))


@pytest.fixture
def rig() -> ProcessRig:
    return ProcessRig()


@pytest.mark.parametrize(("failures", "outcome"), [([], "applied"), ([REFUSED], "failed")])
def test_what_could_not_be_told_at_once_is_no_duplicate(
    rig: ProcessRig, failures: list[Rejected], outcome: str
) -> None:
    for failure in failures:
        rig.provider.fail_next(failure)
    rig.publisher.fail_next()
    with pytest.raises(PublishFailed):
        rig.process.run(CREATE)

    rig.run_to_the_end(CREATE)
    rig.run_to_the_end(CREATE)

    assert [report.outcome.value for report in rig.telemetry.reports] == [outcome, "duplicate"]


def test_what_could_not_be_forgotten_in_the_ledger_after_it_was_told_is_no_duplicate(
    rig: ProcessRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_receipt: Receipt) -> None:
        raise LedgerUnavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(rig.settlement, "ack", away)
        with pytest.raises(LedgerUnavailable):
            rig.process.run(CREATE)
    assert rig.telemetry.reports == []

    rig.run_to_the_end(CREATE)

    assert [report.outcome.value for report in rig.telemetry.reports] == ["applied"]


def test_a_wait_that_cannot_be_written_down_is_kept_all_the_same(rig: ProcessRig) -> None:
    rig.provider.lose_next_answer(applied=True)
    rig.ledger.breaks_at_defer = True

    until = rig.run_once(CREATE).until

    assert until == rig.clock.now() + RetryPolicy().settle_seconds
