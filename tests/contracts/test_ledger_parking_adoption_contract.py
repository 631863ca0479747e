"""The port `ParkingLot` when processes end: what they parked goes to one of those that live."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import asking, parked_work, positions
from worker.domain.claims import Fresh, Held
from worker.domain.ports import ParkingLot

LEASE_OVER = 16.0


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> PlainLedger:
    return rig.start()


@pytest.fixture
def lot(rig: Rig, ledger: PlainLedger) -> ParkingLot:
    return rig.lot(ledger)


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def shared_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def test_what_a_dead_process_parked_is_adopted_in_order(rig: Rig, ledger: PlainLedger, lot: ParkingLot) -> None:
    places = lot.park([parked_work(f"evt_{number}", f"lane:{number % 7}") for number in range(70)])
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    successor = rig.lot(rig.start())

    assert list(successor.adopt()) == list(places)
    assert list(successor.adopt()) == []
    assert list(successor.mine()) == list(places)
    assert successor.fetch(places[3].position) is not None


def test_what_a_process_parked_that_stopped_is_adopted_at_once(rig: Rig, ledger: PlainLedger, lot: ParkingLot) -> None:
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


def test_what_a_living_process_gave_up_is_adopted_at_once_and_nobody_is_deposed(shared_rig: Rig) -> None:
    ledger, other = shared_rig.start(), shared_rig.start()
    lot, takes = shared_rig.lot(ledger), shared_rig.lot(other)
    kept, *given = lot.park([parked_work(f"evt_{number}") for number in range(3)])

    lot.release([*positions(given), 999_999])

    assert list(lot.mine()) == [kept]
    assert list(takes.adopt()) == list(takes.mine()) == given
    assert positions(lot.park([parked_work("evt_9")]))[0] > positions(given)[-1]
    assert ledger.lease_holds()


def test_what_was_given_up_keeps_its_place_until_somebody_has_run_it(ledger: PlainLedger, lot: ParkingLot) -> None:
    [place] = lot.park([parked_work()])
    lot.release([place.position])

    assert isinstance(ledger.claim(asking()), Held)
    assert list(lot.adopt()) == [place]
    lot.clear([place.position])
    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_process_gives_up_only_what_is_its_own(shared_rig: Rig) -> None:
    lot, other = (shared_rig.lot(shared_rig.start()) for _ in range(2))
    [place] = lot.park([parked_work()])

    other.release([place.position])
    lot.release([])

    assert list(lot.mine()) == [place]
    assert list(other.adopt()) == []


def test_what_was_another_processs_counts_as_redelivered_and_what_is_our_own_does_not(
    rig: Rig, ledger: PlainLedger, lot: ParkingLot
) -> None:
    [place] = lot.park([parked_work()])
    own = lot.fetch(place.position)
    rig.stop(ledger)
    successor = rig.lot(rig.start())
    successor.adopt()
    [parked_here] = successor.park([parked_work("evt_1")])

    fetched = [successor.fetch(position) for position in (place.position, parked_here.position)]

    assert own is not None
    assert [each.redelivered for each in (own, *filter(None, fetched))] == [False, True, False]


def test_what_came_redelivered_to_the_process_that_parked_it_stays_so(lot: ParkingLot) -> None:
    work = parked_work()

    [place] = lot.park([replace(work, delivery=replace(work.delivery, redelivered=True))])

    fetched = lot.fetch(place.position)
    assert fetched is not None
    assert fetched.redelivered
