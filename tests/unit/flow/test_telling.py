"""What the broker does not take is told again until it does, and nothing is taken up meanwhile."""

import threading
from collections.abc import Callable

import pytest

from tests.fakes.broker import PERSISTENT, FakePublisher
from tests.support.waiting import wait_for
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import PublishFailed, Unpublishable
from worker.flow.pausing.causes import PauseCause
from worker.flow.telling import AGAIN_SECONDS, TOLD_SECONDS, Telling

SECONDS = 10.0


def event(number: int) -> Outgoing:
    properties = Properties(message_id=f"evt-{number}", delivery_mode=PERSISTENT)
    return Outgoing(Destination.EVENTS, "CustomerCreated.billing", b"{}", properties)


class IntakeStub:
    """Remembers the words of each hold, and an empty one for each release."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.released = threading.Event()

    def hold(self, cause: PauseCause, _seconds: float, detail: str) -> None:
        """Remember the words."""
        assert cause is PauseCause.PUBLISH
        self.said.append(detail)

    def release(self, cause: PauseCause) -> None:
        """Remember it."""
        assert cause is PauseCause.PUBLISH
        self.said.append("")
        self.released.set()


class Desk:
    """A telling around a fake; between two tries it rests until `go_on`."""

    def __init__(self) -> None:
        self.publisher = FakePublisher()
        self.intake = IntakeStub()
        self.due: list[Callable[[], None]] = []
        self.due_in: list[float] = []
        self.epoch = 1
        self.rests: list[float] = []
        self.go_on = threading.Event()
        self.rests_now = threading.Event()
        self.telling = Telling(self.publisher, self.intake, self._after, self._rest, lambda: self.epoch)

    def refuse(self, *numbers: int) -> None:
        """Have these published and refused."""
        for number in numbers:
            with pytest.raises(PublishFailed):
                self.telling.publish(event(number))
            assert self.rests_now.wait(SECONDS)

    def heal(self) -> None:
        """Take everything from now on, and wait for the end of the pause."""
        self.publisher.refusals = 0
        self.go_on.set()
        assert self.intake.released.wait(SECONDS)

    def work_off(self) -> None:
        """Do what the clockwork was asked to."""
        while self.due:
            self.due.pop(0)()

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self.due.append(call)
        self.due_in.append(seconds)

    def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.rests_now.set()
        self.go_on.wait(SECONDS)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.publisher.fail_next(1_000)
    return desk


def test_what_is_taken_at_once_pauses_nothing(desk: Desk) -> None:
    desk.publisher.refusals = 0

    desk.telling.publish(event(1))

    assert desk.publisher.published == [event(1)]
    assert desk.intake.said == []


def test_what_is_refused_is_told_again_until_it_is_taken_and_then_the_pause_ends(desk: Desk) -> None:
    desk.refuse(1)
    assert "evt-1" in desk.intake.said[0]
    assert not desk.intake.released.is_set()

    desk.heal()

    assert desk.publisher.published == [event(1)]
    assert desk.intake.said[-1] == ""


def test_only_one_is_tried_at_a_time_with_a_rest_between(desk: Desk) -> None:
    desk.refuse(1, 2, 3)

    # One of them a second time; the other two only once.
    assert desk.publisher.refusals == 1_000 - 4
    assert desk.rests == [AGAIN_SECONDS]


def test_the_pause_lasts_until_all_that_was_refused_is_told(desk: Desk) -> None:
    desk.refuse(1, 2, 3)

    desk.heal()

    assert desk.publisher.published == [event(1), event(2), event(3)]
    assert desk.intake.said.count("") == 1


def test_a_command_that_runs_again_finds_its_event_told(desk: Desk) -> None:
    desk.refuse(1)
    desk.heal()

    desk.telling.publish(event(1))
    assert len(desk.publisher.published) == 1

    desk.telling.publish(event(1))
    assert len(desk.publisher.published) == 2


def test_a_second_trouble_pauses_again(desk: Desk) -> None:
    desk.refuse(1)
    desk.heal()
    desk.intake.released.clear()
    desk.publisher.fail_next(1)

    with pytest.raises(PublishFailed):
        desk.telling.publish(event(2))

    assert desk.intake.released.wait(SECONDS)
    assert desk.publisher.published == [event(1), event(2)]


def test_the_brokers_own_word_pauses_an_idle_worker_and_waits_for_no_lock(desk: Desk) -> None:
    desk.telling.hindered("low on memory")
    assert desk.intake.said == []
    desk.work_off()
    assert desk.intake.said == ["low on memory"]

    desk.telling.unhindered()
    desk.work_off()

    assert desk.intake.said == ["low on memory", ""]


def test_the_brokers_own_word_says_more_than_a_failure(desk: Desk) -> None:
    desk.refuse(1)
    desk.telling.hindered("low on memory")
    desk.work_off()

    desk.refuse(2)

    assert desk.intake.said[-1] == "low on memory"


def test_when_the_broker_is_well_again_the_pause_lasts_until_the_untold_is_told(desk: Desk) -> None:
    desk.refuse(1)
    desk.telling.hindered("low on memory")
    desk.telling.unhindered()
    desk.work_off()
    assert "" not in desk.intake.said

    desk.heal()

    assert desk.publisher.published == [event(1)]


def test_a_fault_of_ours_does_not_leave_intake_paused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _unforeseen: ended.set())
    desk.refuse(1)

    def broken(_message: Outgoing) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.publisher, "publish", broken)
    desk.go_on.set()

    assert ended.wait(SECONDS)
    assert desk.intake.said[-1] == ""


def test_what_was_told_for_a_delivery_of_a_lost_connection_is_told_again_for_a_repeat(desk: Desk) -> None:
    desk.refuse(1)
    desk.heal()
    # Another worker may have answered that delivery: what comes now may be the sender's own repeat.
    desk.epoch += 1

    desk.telling.publish(event(1))

    assert desk.publisher.published == [event(1), event(1)]


def test_that_something_was_told_is_forgotten_after_a_while(desk: Desk) -> None:
    desk.refuse(1)
    desk.heal()
    wait_for(lambda: desk.due_in == [TOLD_SECONDS], "the pause's end")
    desk.work_off()

    desk.telling.publish(event(1))

    assert desk.publisher.published == [event(1), event(1)]


def test_one_that_is_refused_alone_keeps_no_other_from_being_told(desk: Desk) -> None:
    desk.refuse(1, 2, 3)
    refused = desk.publisher.refused = {event(1).properties.message_id}
    desk.publisher.refusals = 0
    desk.go_on.set()

    wait_for(lambda: desk.publisher.published == [event(2), event(3)], "all others")
    assert not desk.intake.released.is_set()
    refused.clear()

    assert desk.intake.released.wait(SECONDS)
    assert desk.publisher.published == [event(2), event(3), event(1)]


def test_what_the_broker_can_never_take_pauses_nobody_and_is_not_told_again(desk: Desk) -> None:
    desk.publisher.refusals = 0
    desk.publisher.largest_body = 0

    with pytest.raises(Unpublishable):
        desk.telling.publish(event(1))

    assert (desk.intake.said, desk.rests) == ([], [])


def test_what_turns_out_to_be_impossible_in_a_pause_is_left_to_its_delivery(desk: Desk) -> None:
    desk.refuse(1)
    desk.publisher.largest_body = 0

    desk.heal()

    assert desk.publisher.published == []
    with pytest.raises(Unpublishable):
        desk.telling.publish(event(1))
