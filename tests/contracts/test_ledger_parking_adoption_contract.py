"""The port `ParkingLot` when processes end: what they parked goes to one of those that live."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import asking, parked_work, positions
from worker.domain.claims import Fresh, Held
from worker.domain.ports import ParkingStore

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
def parking_store(rig: Rig, ledger: PlainLedger) -> ParkingStore:
    return rig.parking_store(ledger)


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def shared_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def test_what_a_dead_process_parked_is_adopted_in_order(
    rig: Rig, ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    places = parking_store.park([parked_work(f"evt_{number}", f"lane:{number % 7}") for number in range(70)])
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    successor = rig.parking_store(rig.start())

    assert list(successor.adopt()) == list(places)
    assert list(successor.adopt()) == []
    assert list(successor.mine()) == list(places)
    assert successor.fetch(places[3].position) is not None


def test_what_a_process_parked_that_stopped_is_adopted_at_once(
    rig: Rig, ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    places = parking_store.park([parked_work()])
    rig.stop(ledger)

    assert list(rig.parking_store(rig.start()).adopt()) == list(places)


def test_a_process_does_not_adopt_what_is_its_own(parking_store: ParkingStore) -> None:
    parking_store.park([parked_work()])

    assert list(parking_store.adopt()) == []


def test_what_a_living_process_parked_is_left_to_it(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.parking_store(ledger).park([parked_work()])
    other = shared_rig.start()

    assert list(shared_rig.parking_store(other).adopt()) == []
    assert list(shared_rig.parking_store(other).mine()) == []
    assert isinstance(other.claim(asking()), Held)
    assert list(shared_rig.parking_store(ledger).mine()) == list(places)


def test_a_process_killed_a_moment_ago_counts_as_living_until_its_lease_ends(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.parking_store(ledger).park([parked_work()])
    shared_rig.crash(ledger)
    parking_store = shared_rig.parking_store(shared_rig.start())

    assert list(parking_store.adopt()) == []
    shared_rig.clock.advance(LEASE_OVER)
    assert list(parking_store.adopt()) == list(places)


def test_of_two_that_adopt_each_command_goes_to_one(shared_rig: Rig) -> None:
    ledger = shared_rig.start()
    places = shared_rig.parking_store(ledger).park([parked_work(f"evt_{number}") for number in range(10)])
    shared_rig.stop(ledger)
    lots = [shared_rig.parking_store(shared_rig.start()) for _ in range(2)]

    adopted = [place for parking_store in lots for place in parking_store.adopt()]

    assert adopted == list(places)
    assert [place for parking_store in lots for place in parking_store.mine()] == list(places)


def test_what_a_living_process_gave_up_is_adopted_at_once_and_nobody_is_deposed(shared_rig: Rig) -> None:
    ledger, other = shared_rig.start(), shared_rig.start()
    parking_store, takes = shared_rig.parking_store(ledger), shared_rig.parking_store(other)
    kept, *given = parking_store.park([parked_work(f"evt_{number}") for number in range(3)])

    parking_store.release([*positions(given), 999_999])

    assert list(parking_store.mine()) == [kept]
    assert list(takes.adopt()) == list(takes.mine()) == given
    assert positions(parking_store.park([parked_work("evt_9")]))[0] > positions(given)[-1]
    assert ledger.lease_holds()


def test_what_was_given_up_keeps_its_place_until_somebody_has_run_it(
    ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    [place] = parking_store.park([parked_work()])
    parking_store.release([place.position])

    assert isinstance(ledger.claim(asking()), Held)
    assert list(parking_store.adopt()) == [place]
    parking_store.clear([place.position])
    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_process_gives_up_only_what_is_its_own(shared_rig: Rig) -> None:
    parking_store, other = (shared_rig.parking_store(shared_rig.start()) for _ in range(2))
    [place] = parking_store.park([parked_work()])

    other.release([place.position])
    parking_store.release([])

    assert list(parking_store.mine()) == [place]
    assert list(other.adopt()) == []


def test_what_was_another_processs_counts_as_redelivered_and_what_is_our_own_does_not(
    rig: Rig, ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    [place] = parking_store.park([parked_work()])
    own = parking_store.fetch(place.position)
    rig.stop(ledger)
    successor = rig.parking_store(rig.start())
    successor.adopt()
    [parked_here] = successor.park([parked_work("evt_1")])

    fetched = [successor.fetch(position) for position in (place.position, parked_here.position)]

    assert own is not None
    assert [each.redelivered for each in (own, *filter(None, fetched))] == [False, True, False]


def test_what_came_redelivered_to_the_process_that_parked_it_stays_so(parking_store: ParkingStore) -> None:
    work = parked_work()

    [place] = parking_store.park([replace(work, delivery=replace(work.delivery, redelivered=True))])

    fetched = parking_store.fetch(place.position)
    assert fetched is not None
    assert fetched.redelivered
