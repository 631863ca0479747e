"""The port `Ledger` while something is parked: what lies in front is waited for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import LANE, asking, failure, parked_work, positions, success, token_of
from worker.domain.claims import LOOK_AGAIN_SECONDS, Conflict, Dead, Done, Fresh, Held
from worker.domain.ports import ParkingStore

LEASE_OVER = 16.0


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def shared_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> PlainLedger:
    return rig.start()


@pytest.fixture
def parking_store(rig: Rig, ledger: PlainLedger) -> ParkingStore:
    return rig.parking_store(ledger)


def test_what_the_broker_brings_waits_behind_what_is_parked(
    rig: Rig, ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    [place] = parking_store.park([parked_work()])

    assert ledger.claim(asking()) == Held(rig.clock.now() + 0.2)
    parking_store.clear([place.position])
    assert isinstance(ledger.claim(asking()), Fresh)


def test_of_what_is_parked_the_lower_position_comes_first(ledger: PlainLedger, parking_store: ParkingStore) -> None:
    first, second = positions(parking_store.park([parked_work("evt_1"), parked_work("evt_2")]))

    assert isinstance(ledger.claim(replace(asking("evt_2"), position=second)), Held)
    assert isinstance(ledger.claim(replace(asking("evt_1"), position=first)), Fresh)
    parking_store.clear([first])
    assert isinstance(ledger.claim(replace(asking("evt_2"), position=second)), Fresh)


def test_one_shared_lane_of_several_is_enough_to_wait(ledger: PlainLedger, parking_store: ParkingStore) -> None:
    parking_store.park([parked_work("evt_0", "subject:other", "customer:shared")])

    assert isinstance(ledger.claim(replace(asking(), lanes=(LANE, "customer:shared"))), Held)


def test_other_lanes_and_commands_without_lanes_are_free(ledger: PlainLedger, parking_store: ParkingStore) -> None:
    parking_store.park([parked_work("evt_0", "subject:cus_10", "customer:x")])

    assert isinstance(ledger.claim(asking("evt_1")), Fresh)
    assert isinstance(ledger.claim(replace(asking("evt_2"), lanes=())), Fresh)


def test_a_parked_command_without_lanes_holds_nobody(ledger: PlainLedger, parking_store: ParkingStore) -> None:
    parking_store.park([replace(parked_work(), lanes=())])

    assert isinstance(ledger.claim(asking()), Fresh)


def test_a_lane_that_no_database_can_hold_as_it_is_keeps_its_order(
    ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    lane = "customer:a\0\"'\\{}\ud83dé"
    parking_store.park([parked_work("evt_0", lane)])

    assert isinstance(ledger.claim(replace(asking(), lanes=(lane,))), Held)


def test_what_has_ended_is_published_whatever_is_parked_in_front(
    ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    ledger.record(token_of(ledger.claim(asking("evt_1"))), success())
    ledger.record(token_of(ledger.claim(asking("evt_2"))), failure())
    parking_store.park([parked_work()])

    assert isinstance(ledger.claim(asking("evt_1")), Done)
    assert isinstance(ledger.claim(asking("evt_2")), Dead)
    assert isinstance(ledger.claim(asking("evt_1", content=[b"b" * 32])), Conflict)


def test_what_was_begun_before_waits_too_and_its_row_stays_as_it_was(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking())
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    successor = rig.start()
    parking_store = rig.parking_store(successor)
    [place] = parking_store.park([parked_work()])

    assert successor.claim(asking()) == Held(rig.clock.now() + 0.2)
    parking_store.clear([place.position])
    assert successor.claim(asking()) == Held(rig.clock.now() + 10)


def test_what_a_suspect_waits_behind_comes_before_it_is_tried_alone(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking())
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    successor = rig.start()
    successor.claim(asking())
    rig.clock.advance(11)
    rig.parking_store(successor).park([parked_work()])

    assert isinstance(successor.claim(asking()), Held)


def test_what_the_process_holds_itself_waits_when_it_claims_it_again(
    ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    ledger.claim(asking())
    parking_store.park([parked_work()])

    assert isinstance(ledger.claim(asking()), Held)


def test_what_another_process_has_parked_in_front_is_asked_for_less_often(shared_rig: Rig) -> None:
    ledger, other = shared_rig.start(), shared_rig.start()
    parking_store, others = shared_rig.parking_store(ledger), shared_rig.parking_store(other)
    later = Held(shared_rig.clock.now() + LOOK_AGAIN_SECONDS)
    soon = Held(shared_rig.clock.now() + 0.2)
    [first] = others.park([parked_work("evt_1")])
    [second] = parking_store.park([parked_work("evt_2")])

    assert ledger.claim(asking()) == later
    assert other.claim(asking()) == soon
    others.release([first.position])
    assert ledger.claim(asking()) == other.claim(asking()) == later
    parking_store.clear([first.position])
    assert ledger.claim(asking()) == soon
    assert isinstance(ledger.claim(replace(asking("evt_2"), position=second.position)), Fresh)


def test_of_several_lanes_one_that_another_process_is_first_in_is_enough_to_ask_less_often(shared_rig: Rig) -> None:
    ledger, other = shared_rig.start(), shared_rig.start()
    shared_rig.parking_store(ledger).park([parked_work("evt_1", LANE)])
    shared_rig.parking_store(other).park([parked_work("evt_2", LANE), parked_work("evt_3", "customer:shared")])
    soon, later = (Held(shared_rig.clock.now() + seconds) for seconds in (0.2, LOOK_AGAIN_SECONDS))

    assert ledger.claim(asking()) == soon
    assert ledger.claim(replace(asking(), lanes=(LANE, "customer:shared"))) == later
