"""The port `ParkingLot` of one process: what is put in, read again and cleared."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from messages.errors import Undecodable
from tests.fakes.ledger import FakeLedger
from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import parked_work, positions
from tests.support.work_samples import create, delivery, work_of
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.domain.ports import ParkingStore
from worker.domain.work import Work
from worker.errors import LedgerUnavailable, ProviderLogin


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


def test_positions_rise_from_command_to_command_and_from_call_to_call(parking_store: ParkingStore) -> None:
    works = [parked_work(f"evt_{number}", body=str(number).encode()) for number in range(120)]
    first, second = parking_store.park(works), parking_store.park(works[:3])

    given = positions([*first, *second])
    fetched = [parking_store.fetch(position) for position in positions(first)]

    assert given == sorted(set(given))
    assert [each.body for each in fetched if each] == [work.delivery.body for work in works]


def test_a_place_reports_its_lanes_and_its_login(parking_store: ParkingStore) -> None:
    works = [parked_work("evt_1", "subject:a", "customer:b"), work_of(create()), replace(parked_work(), lanes=())]

    places = parking_store.park(works)

    assert [place.lanes for place in places] == [work.lanes for work in works]
    assert [place.login for place in places] == [ProviderLogin.V2] * 3
    assert list(parking_store.mine()) == list(places)


def test_nothing_parked_is_no_commit_and_no_error(parking_store: ParkingStore) -> None:
    assert list(parking_store.park([])) == []
    parking_store.clear([])
    assert list(parking_store.mine()) == []


def test_a_message_that_cannot_name_its_command_is_parked_too(parking_store: ParkingStore) -> None:
    [place] = parking_store.park([Work(delivery(b"\xff\0"), Undecodable([]), ())])

    fetched = parking_store.fetch(place.position)

    assert fetched is not None
    assert fetched.body == b"\xff\0"


def test_a_delivery_comes_back_as_it_was(rig: Rig, parking_store: ParkingStore) -> None:
    headers: dict[str, object] = {
        "text": "grüße \N{GRINNING FACE}",
        "nul": "a\0b",
        "half": "\ud83d",
        "number": 2**40,
        "share": 0.1,
        "yes": True,
        "nothing": None,
        "list": [1, "two", None, [3.5]],
        "table": {"deep": {"deeper": [False]}},
    }
    properties = Properties(
        "application/json", "utf-8", headers, 2, 4, "corr-1", "answers", "6000", "evt_0", 1_700_000_000, "A", "u", "app"
    )
    came = Delivery(bytes(range(256)), properties, True, Receipt(3, 7), "exchange", "routing.key", 1.0)

    [place] = parking_store.park([replace(parked_work(), delivery=came)])

    fetched = parking_store.fetch(place.position)
    expected = replace(came, receipt=Receipt.of_parked(place.position), arrived_at=rig.clock.monotonic())
    assert fetched == expected
    assert fetched.properties.headers["yes"] is True


def test_headers_that_json_cannot_hold_come_back_as_a_dead_letter_would_show_them(parking_store: ParkingStore) -> None:
    headers: dict[str, object] = {
        "bytes": b"\xc3\xa9\xff",
        "decimal": Decimal("1.50"),
        "time": datetime(2026, 11, 21, tzinfo=UTC),
        "table": {"inner": b"x"},
    }
    [place] = parking_store.park(
        [replace(parked_work(), delivery=replace(delivery(b""), properties=Properties(headers=headers)))]
    )

    fetched = parking_store.fetch(place.position)

    assert fetched is not None
    assert fetched.properties.headers == {
        "bytes": "é\\xff",
        "decimal": "1.50",
        "time": "2026-11-21 00:00:00+00:00",
        "table": "{'inner': b'x'}",
    }


def test_bodies_of_the_greatest_size_are_parked_together(parking_store: ParkingStore) -> None:
    body = b"x" * 256 * 1024

    places = parking_store.park([parked_work(f"evt_{number}", body=body) for number in range(60)])

    fetched = parking_store.fetch(places[-1].position)
    assert fetched is not None
    assert fetched.body == body


def test_what_was_cleared_is_gone_and_may_be_cleared_again(parking_store: ParkingStore) -> None:
    kept, gone = positions(parking_store.park([parked_work("evt_1"), parked_work("evt_2")]))

    parking_store.clear([gone, gone])
    parking_store.clear([gone, 999_999])

    assert parking_store.fetch(gone) is None
    assert positions(parking_store.mine()) == [kept]


def test_a_position_is_never_given_again(parking_store: ParkingStore) -> None:
    before = positions(parking_store.park([parked_work(), parked_work()]))
    parking_store.clear(before)

    assert positions(parking_store.park([parked_work()]))[0] > max(before)


def test_a_position_is_never_given_again_by_the_next_process(
    rig: Rig, ledger: PlainLedger, parking_store: ParkingStore
) -> None:
    before = positions(parking_store.park([parked_work()]))
    parking_store.clear(before)
    rig.stop(ledger)

    assert positions(rig.parking_store(rig.start()).park([parked_work()]))[0] > max(before)


def test_a_broken_ledger_says_so(rig: Rig, ledger: PlainLedger, parking_store: ParkingStore) -> None:
    break_off(rig, ledger)

    with pytest.raises(LedgerUnavailable):
        parking_store.park([parked_work()])
    with pytest.raises(LedgerUnavailable):
        parking_store.adopt()
    with pytest.raises(LedgerUnavailable):
        parking_store.mine()
    with pytest.raises(LedgerUnavailable):
        parking_store.fetch(1)
    with pytest.raises(LedgerUnavailable):
        parking_store.clear([1])
    with pytest.raises(LedgerUnavailable):
        parking_store.release([1])


def break_off(rig: Rig, ledger: PlainLedger) -> None:
    """Let no call of this process come through any more."""
    if isinstance(ledger, FakeLedger):
        ledger.broken = True
    else:
        rig.stop(ledger)
