"""The one that parks: what it writes down, acks and takes over, and what it does when the ledger is away."""

from dataclasses import dataclass, field

import pytest

from messages.errors import Undecodable
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.parking import FakeParkingStore
from tests.support.work_samples import delivery
from tests.unit.pipeline.parking_day import SLOTS, WINDOW
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.telemetry import CommandsParked, ParkedCommandsTakenOver, TelemetryEvent
from worker.domain.work import Parked, Step, Wait, Work
from worker.errors import LedgerError, LedgerUnavailable, NotTaken, Unstorable
from worker.pipeline.job import Job
from worker.pipeline.parking import Parking, Window
from worker.pipeline.scheduling.dispatcher import Dispatcher, Stages
from worker.pipeline.scheduling.timer import Timer


@dataclass(slots=True)
class ParkingEvents:
    """What the listener received."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, event: TelemetryEvent) -> None:
        match event:
            case CommandsParked(count, total):
                self.lines.append(f"parked {count} of {total}")
            case ParkedCommandsTakenOver(count):
                self.lines.append(f"adopted {count}")


class ParkingRig:
    """A full window of one customer whose first command waits."""

    def __init__(self) -> None:
        self.ledger = FakeLedger(FakeClock())
        self.parking_store = FakeParkingStore(self.ledger)
        self.clock = self.ledger.clock
        self.dispatcher = Dispatcher(SLOTS, self.clock, Timer(self.clock))
        self.started: list[Job] = []
        self.dispatcher.start(Stages(read, self.started.append, lambda: None))
        self.scheduler = self.dispatcher.scheduler
        self.acked: list[Receipt] = []
        self.steps: list[Step] = []
        self.events = ParkingEvents()
        self.connected = True
        window = Window(WINDOW, self.acked.append, lambda: self.connected)
        self.parking = Parking(self.dispatcher, self.parking_store, window, self.events, self.steps.append)

    def deliver(self, tag: int, *lanes: str, body: bytes = b"") -> None:
        came = delivery(body or str(tag).encode(), tag=tag)
        self.scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), lanes)))

    def fill(self, body: bytes = b"", lanes: dict[int, tuple[str, ...]] | None = None) -> None:
        for tag in range(1, WINDOW + 1):
            self.deliver(tag, *(lanes or {}).get(tag, ("ada",)), body=body)
        first = self.scheduler.queue.next()
        assert isinstance(first, Job)
        self.scheduler.ended(first, Wait(0.0))

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.parking.look()

    @property
    def bodies(self) -> list[bytes]:
        fetched = [self.parking_store.fetch(place.position) for place in self.parking_store.mine()]
        return [one.body for one in fetched if one is not None]


def read(_delivery: Delivery) -> Work:
    raise AssertionError("nothing is delivered through the dispatcher here")


@pytest.fixture
def rig() -> ParkingRig:
    return ParkingRig()


def test_a_stuck_window_is_written_down_in_its_order_and_then_acked(rig: ParkingRig) -> None:
    rig.fill()
    rig.look()
    assert (rig.bodies, rig.acked) == ([], [])

    rig.look()

    assert rig.bodies == [b"1", b"2", b"3", b"4"]
    assert rig.acked == [Receipt(1, tag) for tag in range(1, WINDOW + 1)]
    assert (rig.steps, rig.events.lines) == ([Step.PARKED], ["parked 4 of 4"])


def test_a_window_that_was_stuck_for_a_moment_only_is_left_alone(rig: ParkingRig) -> None:
    rig.fill()
    rig.look()
    rig.scheduler.lose()
    rig.look()
    rig.fill()
    rig.look()

    assert rig.bodies == []


def test_nothing_is_acked_while_the_ledger_is_away_and_it_is_done_when_it_is_back(rig: ParkingRig) -> None:
    rig.fill()
    rig.look()
    rig.ledger.broken = True
    rig.look(3)
    assert rig.acked == []

    rig.ledger.broken = False
    rig.look(3)

    assert len(rig.acked) == WINDOW


def test_what_was_written_though_the_answer_was_lost_is_found_and_runs_first(
    rig: ParkingRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = rig.parking_store.park

    def park_and_fall_silent(works: list[Work]) -> list[Parked]:
        kept(works)
        raise LedgerUnavailable("the answer was lost")

    rig.fill()
    with monkeypatch.context() as broken:
        broken.setattr(rig.parking_store, "park", park_and_fall_silent)
        rig.look(2)
    assert (rig.dispatcher.parked, rig.acked) == (0, [])

    rig.look()

    assert rig.dispatcher.parked == WINDOW
    assert rig.acked == []
    assert isinstance(rig.started[-1].work, Parked)


@pytest.mark.parametrize("kind", [Unstorable, NotTaken])
def test_one_that_the_ledger_cannot_hold_is_tried_once_and_holds_only_its_customer_back(
    rig: ParkingRig, monkeypatch: pytest.MonkeyPatch, kind: type[LedgerError]
) -> None:
    kept = rig.parking_store.park
    tries: list[list[bytes]] = []

    def choosy(works: list[Work]) -> list[Parked]:
        tries.append([work.delivery.body for work in works])
        if b"2" in tries[-1]:
            raise kind("an index row that is too long")
        return list(kept(works))

    monkeypatch.setattr(rig.parking_store, "park", choosy)
    rig.fill(lanes={1: ("ada", "eva"), 4: ("eva",)})
    rig.look(2)
    assert (rig.bodies, rig.events.lines) == ([b"1"], ["parked 1 of 1"])

    rig.deliver(5, "eva")
    rig.look(2)
    assert (rig.bodies, rig.events.lines[1:]) == ([b"1", b"4", b"5"], ["parked 2 of 3"])
    assert rig.acked == [Receipt(1, tag) for tag in (1, 4, 5)]

    rig.deliver(6, "ada")
    rig.deliver(7, "ada")
    rig.look(5)
    assert tries == [[b"1", b"2", b"3", b"4"], [b"1"], [b"2"], [b"4", b"5"]]


def test_nothing_that_cannot_be_parked_is_reported_as_parked(rig: ParkingRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_works: list[Work]) -> None:
        raise Unstorable("an index row that is too long")

    monkeypatch.setattr(rig.parking_store, "park", refused)
    rig.fill()
    rig.look(9)

    assert (rig.events.lines, rig.acked) == ([], [])


def test_one_that_ends_while_the_window_is_written_down_leaves_nothing_behind(
    rig: ParkingRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.fill()
    first = next(iter(rig.scheduler._unsettled.values()))
    kept = rig.parking_store.park

    def park_slowly(works: list[Work]) -> object:
        places = kept(works)
        rig.scheduler._leave(first)
        return places

    monkeypatch.setattr(rig.parking_store, "park", park_slowly)
    rig.look(2)

    assert rig.bodies == [b"2", b"3", b"4"]
    assert rig.dispatcher.parked == WINDOW - 1


def test_what_a_dead_process_left_is_taken_over_at_the_start_and_reported(rig: ParkingRig) -> None:
    dead = FakeLedger(rig.ledger.clock, rig.ledger.storage)
    left = delivery(b"left")
    FakeParkingStore(dead).park([Work(left, Undecodable([]), ("ada",))])
    dead.die()
    rig.ledger.clock.advance(60.0)

    rig.look()

    assert (rig.dispatcher.parked, rig.events.lines) == (1, ["adopted 1"])


def test_whoever_has_no_broker_for_long_gives_up_what_is_parked_and_takes_it_again_later(rig: ParkingRig) -> None:
    rig.fill()
    rig.look(2)
    rig.connected = False
    rig.look(74)
    assert rig.dispatcher.parked == WINDOW

    rig.look()
    assert (rig.dispatcher.parked, rig.parking_store.mine()) == (0, [])

    rig.connected = True
    rig.look(10)
    assert rig.dispatcher.parked == WINDOW


def test_nothing_is_taken_over_soon_after_the_ledger_was_away(rig: ParkingRig) -> None:
    dead = FakeLedger(rig.ledger.clock, rig.ledger.storage)
    rig.fill()
    rig.look(2)
    FakeParkingStore(dead).park([Work(delivery(b"left"), Undecodable([]), ("eva",))])
    dead.die()
    rig.ledger.clock.advance(60.0)
    rig.ledger.broken = True
    rig.look(11)
    rig.ledger.broken = False

    rig.look(99)
    assert "adopted 1" not in rig.events.lines
    rig.look(2)
    assert rig.events.lines[-1] == "adopted 1"


def test_a_window_of_large_bodies_is_parked_in_several_commits_and_acked_after_each(
    rig: ParkingRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    kept = rig.parking_store.park

    def park(works: list[Work]) -> object:
        commits.append(len(rig.acked))
        return kept(works)

    monkeypatch.setattr(rig.parking_store, "park", park)
    rig.fill(body=b"x" * (1024 * 1024 + 1))
    rig.look(2)

    assert commits == [0, 3]
    assert len(rig.acked) == WINDOW
