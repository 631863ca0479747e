"""A parked command runs like any other, and is forgotten instead of acked."""

from dataclasses import replace

import pytest

from messages.errors import Undecodable
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.parking import FakeParkingLot
from tests.support.work_samples import delivery
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import LedgerUnavailable, Unsealable
from worker.flow.unparking import Answers, TakingUp, Unparking


class Way:
    """Reads and runs, and remembers what it ran."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = FakeLedger(self.clock)
        self.lot = FakeParkingLot(self.ledger)
        self.ran: list[Work] = []
        self.said: list[str] = []
        self.acked: list[Receipt] = []
        self.unparking = Unparking(TakingUp(self.read, self.run, self.said.append), self.lot, self.clock)

    def read(self, came: Delivery) -> Work:
        return Work(came, Undecodable([]), ("ada",))

    def run(self, work: Work) -> Verdict:
        self.ran.append(work)
        return Settled()

    def ack(self, receipt: Receipt) -> None:
        self.acked.append(receipt)


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
def place(way: Way) -> Parked:
    [place] = way.lot.park([way.read(delivery(b"body", tag=7))])
    return place


def test_what_a_connection_delivered_runs_as_it_is(way: Way) -> None:
    work = way.read(delivery(b"body"))

    assert way.unparking.run(work) == Settled()
    assert way.ran == [work]


def test_a_parked_command_is_read_from_the_ledger_and_has_its_position_for_a_receipt(way: Way, place: Parked) -> None:
    way.unparking.run(replace(place, alone=True))

    [ran] = way.ran
    assert (ran.delivery.body, ran.delivery.receipt) == (b"body", Receipt.of_parked(place.position))
    assert ran.alone


def test_one_that_was_answered_while_it_was_parked_is_only_cleared(way: Way, place: Parked) -> None:
    assert way.unparking.run(replace(place, told=True)) == Settled()

    assert (way.ran, way.lot.mine()) == ([], [])


def test_one_that_is_gone_is_settled(way: Way, place: Parked) -> None:
    way.lot.clear([place.position])

    assert way.unparking.run(place) == Settled()
    assert way.ran == []


def test_one_whose_key_is_gone_waits_and_says_so_and_raises_nothing(
    way: Way, place: Parked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(_position: int) -> None:
        raise Unsealable("put the key back")

    monkeypatch.setattr(way.lot, "fetch", fetch)

    assert way.unparking.run(place) == Wait(way.clock.now() + 60.0)
    assert way.said == ["put the key back"]


def test_an_answer_goes_to_whom_the_command_came_from(way: Way, place: Parked) -> None:
    answers = Answers(way, way.lot)

    answers.ack(Receipt(3, 9))
    answers.ack(Receipt.of_parked(place.position))

    assert (way.acked, way.lot.mine()) == ([Receipt(3, 9)], [])


def test_a_parked_command_is_not_settled_while_the_ledger_is_away(way: Way, place: Parked) -> None:
    way.ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        Answers(way, way.lot).ack(Receipt.of_parked(place.position))
