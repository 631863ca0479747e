"""A clock that was set back: what waits for a stored time waits no longer than it ever was to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import LEASE_SECONDS, SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import asking, failed_attempt, parked_work, token_of
from worker.domain.claims import Crashed, Held, History, Quarantined, Resumed
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS

DAY = 86_400.0
BACK = [7_200.0, 30 * DAY]


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def shared_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def put_off(rig: Rig, ledger: PlainLedger, seconds: float) -> None:
    """Have an attempt fail now, to be repeated after so many seconds."""
    now = rig.clock.now()
    history = History(attempts=1, provisional=1, provisional_at=now, begun=True, first_failed_at=now)
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(now + seconds, history))


@pytest.mark.parametrize("back", BACK)
@pytest.mark.parametrize(
    ("seconds", "waited"), [(30.0, 30.0), (900.0, 900.0), (2.0, SETTLE_SECONDS), (DAY, LONGEST_PAUSE_SECONDS)]
)
def test_a_retry_waits_after_a_restart_no_longer_than_it_was_to(
    rig: Rig, back: float, seconds: float, waited: float
) -> None:
    before = rig.start()
    put_off(rig, before, seconds)
    rig.stop(before)
    rig.clock.advance(-back)

    ledger, until = rig.start(), rig.clock.now() + waited
    assert ledger.claim(asking()) == Held(until)
    rig.clock.advance(waited / 2)
    assert ledger.claim(asking()) == Held(until)
    rig.clock.advance(waited / 2)
    resumed = ledger.claim(asking())

    assert isinstance(resumed, Resumed)
    assert resumed.history.provisional_at == until - waited


def test_a_clock_set_back_twice_costs_two_waits(rig: Rig) -> None:
    ledger = rig.start()
    put_off(rig, ledger, 30.0)
    for _ in range(2):
        rig.stop(ledger)
        rig.clock.advance(-7_200.0)
        ledger = rig.start()
        assert ledger.claim(asking()) == Held(rig.clock.now() + 30.0)
        rig.clock.advance(29.0)

    rig.clock.advance(1.0)
    assert isinstance(ledger.claim(asking()), Resumed)


@pytest.mark.parametrize("back", BACK)
def test_what_a_dead_process_had_begun_waits_for_the_provider_to_settle_and_no_longer(rig: Rig, back: float) -> None:
    before = rig.start()
    before.claim(asking())
    rig.crash(before)
    rig.clock.advance(LEASE_SECONDS + 1)
    second = rig.start()
    assert second.claim(asking()) == Held(rig.clock.now() + SETTLE_SECONDS)
    rig.stop(second)
    rig.clock.advance(-back)

    ledger = rig.start()
    assert ledger.claim(asking()) == Held(rig.clock.now() + SETTLE_SECONDS)
    rig.clock.advance(SETTLE_SECONDS)

    assert isinstance(ledger.claim(asking()), Quarantined | Crashed)


@pytest.mark.parametrize("back", BACK)
def test_a_failure_of_a_time_to_come_is_dated_by_the_clock_as_it_is(rig: Rig, back: float) -> None:
    before = rig.start()
    now = rig.clock.now()
    history = History(attempts=1, provisional=1, provisional_at=now, begun=True, first_failed_at=now)
    before.defer(token_of(before.claim(asking())), failed_attempt(now - back, history))
    rig.stop(before)
    rig.clock.advance(-back)

    resumed = rig.start().claim(asking())

    assert isinstance(resumed, Resumed)
    assert resumed.history == replace(history, provisional_at=rig.clock.now())


@pytest.mark.parametrize("shared_rig", ["shared sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("back", BACK)
def test_a_dead_process_s_lease_lasts_no_longer_than_a_lease_when_the_storage_s_clock_is_set_back(
    shared_rig: Rig, back: float
) -> None:
    dead = shared_rig.start()
    dead.claim(asking())
    shared_rig.parking_store(dead).park([parked_work("evt_0", "customer:bob")])
    shared_rig.crash(dead)
    shared_rig.clock.advance(-back)

    standby = shared_rig.start()
    assert isinstance(standby.claim(asking()), Held)
    assert shared_rig.parking_store(standby).adopt() == []
    shared_rig.clock.advance(LEASE_SECONDS)

    assert standby.claim(asking()) == Held(shared_rig.clock.now() + SETTLE_SECONDS)
    assert len(shared_rig.parking_store(standby).adopt()) == 1


@pytest.mark.parametrize("shared_rig", ["shared sqlite", "postgresql"], indirect=True)
def test_a_living_process_keeps_what_it_is_at_when_the_storage_s_clock_is_set_back(shared_rig: Rig) -> None:
    active = shared_rig.start()
    active.claim(asking())
    shared_rig.clock.advance(-7_200.0)
    standby = shared_rig.start()
    assert isinstance(standby.claim(asking()), Held)
    for number in range(3):
        # Each claim renews the lease when it is due.
        shared_rig.clock.advance(LEASE_SECONDS / 2)
        active.claim(asking(f"evt_{number + 2}"))
        assert isinstance(standby.claim(asking()), Held)

    assert active.lease_holds()
