"""What may have ended the last process is read behind a mark; everything else is read as it comes."""

from dataclasses import dataclass, field, replace

import pytest

from messages.errors import Undecodable, Unread
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger, FakeStorage
from tests.support.work_samples import delivery
from tests.unit.intake.pausing import PauseRig
from worker.domain.claims import MOST_CRASHES
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.work import Wait, Work
from worker.intake.causes import PauseCause
from worker.pipeline.reading import MarkedReader

LEASE_OVER = 16.0


class Crash(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Careful:
    """Processes that read, one after the other; `poison` ends whoever reads it."""

    clock: FakeClock = field(default_factory=FakeClock)
    storage: FakeStorage = field(default_factory=FakeStorage)
    pause_rig: PauseRig = field(default_factory=PauseRig)
    read: list[bytes] = field(default_factory=list)
    ledger: FakeLedger = field(init=False)
    reader: MarkedReader = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the next process."""
        self.clock.advance(LEASE_OVER)
        self.ledger = FakeLedger(self.clock, self.storage)
        self.reader = self.reader_with(self.ledger)

    def reader_with(self, ledger: FakeLedger) -> MarkedReader:
        """A reader whose marks are in that ledger."""
        return MarkedReader(self._read, lambda came: came.body, ledger, self._pause, self.clock)

    @property
    def marked(self) -> list[bytes]:
        """What is marked now."""
        return [mark for mark, reading in self.storage.readings.items() if reading.owner is not None]

    def _pause(self, seconds: float, detail: str) -> None:
        self.pause_rig.pause.hold(PauseCause.LEDGER, seconds, detail)

    def _read(self, came: Delivery) -> Work:
        if came.body == b"poison":
            raise Crash
        self.read.append(came.body)
        return Work(came, Undecodable(["read"]), ())


@pytest.fixture
def careful() -> Careful:
    return Careful()


@pytest.fixture
def after_a_crash(careful: Careful) -> Careful:
    careful.start()
    return careful


def again(body: bytes, epoch: int = 1) -> Delivery:
    return delivery(body, redelivered=True, epoch=epoch)


def test_what_comes_for_the_first_time_is_never_suspected(after_a_crash: Careful) -> None:
    assert not after_a_crash.reader.must_be_marked(delivery(b"new"))


def test_without_a_crash_nothing_is_marked(careful: Careful) -> None:
    assert careful.reader.must_be_marked(again(b"1"))
    assert careful.reader.demands_isolation(again(b"1")) is False
    careful.reader.read(again(b"1"))

    assert (careful.read, careful.storage.readings) == ([b"1"], {})
    assert not careful.reader.must_be_marked(again(b"2"))


def test_after_a_stop_in_order_nothing_is_marked(careful: Careful) -> None:
    careful.ledger.stop()
    careful.start()

    assert careful.reader.demands_isolation(again(b"1")) is False


def test_after_a_crash_each_is_marked_in_its_turn(after_a_crash: Careful) -> None:
    reader = after_a_crash.reader
    assert reader.demands_isolation(again(b"1")) is True

    for body in (b"1", b"2"):
        reader.read(again(body))
        assert after_a_crash.marked == [body]
    assert reader.finish() is None

    assert (after_a_crash.read, after_a_crash.marked) == ([b"1", b"2"], [])


def test_what_is_new_is_read_without_the_mark_of_what_was_before(after_a_crash: Careful) -> None:
    after_a_crash.reader.read(again(b"1"))
    after_a_crash.reader.read(delivery(b"new"))

    assert after_a_crash.marked == []


def test_who_was_careful_once_need_not_be_so_on_its_next_connection(after_a_crash: Careful) -> None:
    after_a_crash.reader.read(again(b"1"))
    after_a_crash.reader.finish()

    assert after_a_crash.reader.demands_isolation(again(b"1", epoch=2)) is False


def test_who_did_not_finish_is_careful_again(after_a_crash: Careful) -> None:
    after_a_crash.reader.read(again(b"1"))

    assert after_a_crash.reader.demands_isolation(again(b"1", epoch=2)) is True


def test_after_three_crashes_it_is_left_unread(after_a_crash: Careful) -> None:
    for _ in range(MOST_CRASHES):
        with pytest.raises(Crash):
            after_a_crash.reader.read(again(b"poison"))
        after_a_crash.start()

    work = after_a_crash.reader.read(again(b"poison"))

    assert isinstance(work, Work)
    assert isinstance(work.content, Unread)
    assert "died 3 times" in work.content.faults[0]


def test_those_read_beside_it_are_not_charged(after_a_crash: Careful) -> None:
    for _ in range(MOST_CRASHES):
        after_a_crash.reader.read(again(b"1"))
        with pytest.raises(Crash):
            after_a_crash.reader.read(again(b"poison"))
        after_a_crash.start()
    after_a_crash.reader.read(again(b"1"))

    assert after_a_crash.read == [b"1"] * (MOST_CRASHES + 1)


def test_a_mark_of_one_that_may_live_is_waited_for(careful: Careful) -> None:
    careful.ledger.begin_reading(b"1")
    until = careful.clock.now() + 15.0
    standby = FakeLedger(careful.clock, careful.storage)
    reader = careful.reader_with(standby)

    assert reader.read(again(b"1")) == Wait(until)
    assert careful.read == []


@pytest.mark.parametrize("step", ["demands_isolation", "read"])
def test_without_a_ledger_nothing_is_read_and_intake_pauses(after_a_crash: Careful, step: str) -> None:
    after_a_crash.ledger.broken = True
    ask = getattr(after_a_crash.reader, step)

    assert ask(again(b"1")) == Wait(after_a_crash.clock.now() + 1.0)
    assert after_a_crash.read == []
    assert after_a_crash.pause_rig.causes == {PauseCause.LEDGER}


def test_a_mark_that_cannot_be_taken_away_is_tried_again(after_a_crash: Careful) -> None:
    after_a_crash.reader.read(again(b"1"))
    after_a_crash.ledger.broken = True
    assert after_a_crash.reader.finish() == Wait(after_a_crash.clock.now() + 1.0)

    after_a_crash.ledger.broken = False
    assert after_a_crash.reader.finish() is None
    assert after_a_crash.marked == []


def test_the_tag_of_a_message_is_no_part_of_what_it_is(after_a_crash: Careful) -> None:
    with pytest.raises(Crash):
        after_a_crash.reader.read(again(b"poison"))
    after_a_crash.start()
    came = replace(again(b"poison"), receipt=Receipt(7, 99))
    with pytest.raises(Crash):
        after_a_crash.reader.read(came)
    assert after_a_crash.storage.readings[b"poison"].crashes == 1
