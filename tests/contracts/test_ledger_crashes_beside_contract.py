"""Who may be dead, when several processes work on one storage: nobody is charged before the lease is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.test_ledger_crashes_contract import LEASE_OVER, MARK, start
from tests.support.ledger_rigs import LEASE_SECONDS, SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import asking
from worker.domain.claims import Held, MarkedReading, Quarantined


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def test_one_that_lives_may_be_dead(rig: Rig) -> None:
    start(rig)

    assert start(rig).last_death() is not None


def test_a_mark_of_one_that_may_live_is_waited_for(rig: Rig) -> None:
    active, standby = start(rig), start(rig)
    active.begin_reading(MARK)

    assert standby.begin_reading(MARK) == Held(rig.clock.now() + LEASE_SECONDS)
    rig.clock.advance(LEASE_OVER)
    assert standby.begin_reading(MARK) == MarkedReading(1)


def test_a_mark_of_one_that_goes_on_is_taken_over_for_nothing(rig: Rig) -> None:
    active, standby = start(rig), start(rig)
    active.begin_reading(MARK)
    active.end_reading()

    assert standby.begin_reading(MARK) == MarkedReading(0)


def test_a_frozen_process_leaves_a_suspect(rig: Rig) -> None:
    frozen, standby = start(rig), start(rig)
    frozen.claim(asking())
    rig.clock.advance(LEASE_OVER)
    assert isinstance(standby.claim(asking()), Held)
    rig.clock.advance(SETTLE_SECONDS)

    assert standby.claim(asking()) == Quarantined()


def test_all_that_one_left_is_suspect_though_it_was_declared_dead_with_the_first(rig: Rig) -> None:
    frozen, standby = start(rig), start(rig)
    frozen.claim(asking("evt_1"))
    frozen.claim(asking("evt_2"))
    rig.clock.advance(LEASE_OVER)
    standby.claim(asking("evt_1"))
    standby.claim(asking("evt_2"))
    rig.clock.advance(SETTLE_SECONDS)

    assert [standby.claim(asking(id_)) for id_ in ("evt_1", "evt_2")] == [Quarantined(), Quarantined()]
