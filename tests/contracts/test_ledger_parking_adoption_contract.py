"""The port `ParkingLot` when processes end: what they parked goes to one of those that live."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import asking, parked_work
from worker.domain.claims import Held
from worker.domain.ports import Ledger, ParkingLot

LEASE_OVER = 16.0


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> Ledger:
    return rig.start()


@pytest.fixture
def lot(rig: Rig, ledger: Ledger) -> ParkingLot:
    return rig.lot(ledger)


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def shared_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def test_what_a_dead_process_parked_is_adopted_in_order(rig: Rig, ledger: Ledger, lot: ParkingLot) -> None:
    places = lot.park([parked_work(f"evt_{number}", f"lane:{number % 7}") for number in range(70)])
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    successor = rig.lot(rig.start())

    assert list(successor.adopt()) == list(places)
    assert list(successor.adopt()) == []
    assert list(successor.mine()) == list(places)
    assert successor.fetch(places[3].position) is not None


def test_what_a_process_parked_that_stopped_is_adopted_at_once(rig: Rig, ledger: Ledger, lot: ParkingLot) -> None:
    places = lot.park([parked_work()])
    rig.stop(ledger)

    assert list(rig.lot(rig.start()).adopt()) == list(places)


def test_a_process_does_not_adopt_what_is_its_own(lot: ParkingLot) -> None:
    lot.park([parked_work()])

    assert list(lot.adopt()) == []


def test_what_a_living_process_parked_is_left_to_it(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.lot(ledger).park([parked_work()])
    other = shared_rig.start()

    assert list(shared_rig.lot(other).adopt()) == []
    assert list(shared_rig.lot(other).mine()) == []
    assert isinstance(other.claim(asking()), Held)
    assert list(shared_rig.lot(ledger).mine()) == list(places)


def test_a_process_killed_a_moment_ago_counts_as_living_until_its_lease_ends(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.lot(ledger).park([parked_work()])
    shared_rig.crash(ledger)
    lot = shared_rig.lot(shared_rig.start())

    assert list(lot.adopt()) == []
    shared_rig.clock.advance(LEASE_OVER)
    assert list(lot.adopt()) == list(places)


def test_of_two_that_adopt_each_command_goes_to_one(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.lot(ledger).park([parked_work(f"evt_{number}") for number in range(10)])
    shared_rig.stop(ledger)
    lots = [shared_rig.lot(shared_rig.start()) for _ in range(2)]

    adopted = [place for lot in lots for place in lot.adopt()]

    assert adopted == list(places)
    assert [place for lot in lots for place in lot.mine()] == list(places)
