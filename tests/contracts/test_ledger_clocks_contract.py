"""Processes on hosts whose clocks disagree: a lease runs by the storage's clock, and by no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.support.ledger_rigs import LEASE_SECONDS, SETTLE_SECONDS, SqlRig, make_rig
from tests.support.ledger_samples import asking, parked_work, success, token_of
from worker.domain.claims import LOOK_AGAIN_SECONDS, Done, Held, MarkedReading

LEASE_OVER = LEASE_SECONDS + 1
MARK = b"m" * 32


class Skewed(FakeClock):
    """The rig's clock, seen from a host that is some seconds off."""

    def __init__(self, real: FakeClock, ahead_seconds: float) -> None:
        super().__init__()
        self._real, self._ahead = real, ahead_seconds

    def now(self) -> float:
        """Epoch seconds, as this host believes."""
        return self._real.now() + self._ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._real.monotonic()


@pytest.fixture(params=["shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRig]:
    rig = make_rig(request, tmp_path)
    assert isinstance(rig, SqlRig)
    yield rig
    rig.clear()


@pytest.fixture(params=[60.0, -60.0])
def skewed(request: pytest.FixtureRequest, rig: SqlRig) -> Skewed:
    return Skewed(rig.clock, request.param)


def test_a_host_that_is_off_takes_nothing_from_a_living_process(rig: SqlRig, skewed: Skewed) -> None:
    active, standby = rig.start(), rig.start_on(skewed)
    token, parking_store = token_of(active.claim(asking())), rig.parking_store(active)
    parking_store.park([parked_work()])

    assert standby.claim(asking()) == Held(skewed.now() + LOOK_AGAIN_SECONDS)
    assert rig.parking_store(standby).adopt() == []
    active.record(token, success())
    assert active.lease_holds()


def test_nothing_is_taken_from_a_living_process_on_a_host_that_is_off(rig: SqlRig, skewed: Skewed) -> None:
    active, standby = rig.start_on(skewed), rig.start()
    token = token_of(active.claim(asking()))
    for _ in range(5):
        rig.clock.advance(LEASE_SECONDS / 2)
        active.pauses()
        assert standby.claim(asking()) == Held(rig.clock.now() + LOOK_AGAIN_SECONDS)
    active.record(token, success())

    assert standby.claim(asking()) == Done(success().event)


def test_a_host_that_is_off_takes_over_from_the_dead_when_their_lease_is_over(rig: SqlRig, skewed: Skewed) -> None:
    dying, standby = rig.start(), rig.start_on(skewed)
    dying.claim(asking())
    rig.crash(dying)
    rig.clock.advance(LEASE_SECONDS - LOOK_AGAIN_SECONDS / 2)

    assert standby.claim(asking()) == Held(skewed.now() + LOOK_AGAIN_SECONDS / 2)
    rig.clock.advance(LOOK_AGAIN_SECONDS)
    assert standby.claim(asking()) == Held(skewed.now() + SETTLE_SECONDS)


def test_a_host_that_is_off_adopts_what_the_dead_parked_when_their_lease_is_over(rig: SqlRig, skewed: Skewed) -> None:
    dying, standby = rig.start(), rig.start_on(skewed)
    rig.parking_store(dying).park([parked_work()])
    rig.crash(dying)
    rig.clock.advance(LEASE_SECONDS - 1)

    assert rig.parking_store(standby).adopt() == []
    rig.clock.advance(1)
    assert len(rig.parking_store(standby).adopt()) == 1


def test_a_mark_of_a_living_process_is_held_for_a_host_that_is_off(rig: SqlRig, skewed: Skewed) -> None:
    active, standby = rig.start(), rig.start_on(skewed)
    active.begin_reading(MARK)

    assert standby.begin_reading(MARK) == Held(skewed.now() + LEASE_SECONDS)
    rig.clock.advance(LEASE_OVER)
    assert standby.begin_reading(MARK) == MarkedReading(1)


def test_a_stop_in_order_comes_after_the_deaths_before_it_on_whichever_host(rig: SqlRig, skewed: Skewed) -> None:
    dying, stopping, last = rig.start(), rig.start_on(skewed), rig.start()
    rig.crash(dying)
    rig.clock.advance(LEASE_OVER)
    assert last.last_death() is not None
    rig.stop(stopping)

    assert last.last_death() is None
