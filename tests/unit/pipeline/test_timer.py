"""The clockwork, with a clock that goes on only when a test says so."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.clock import FakeClock
from worker.pipeline.scheduling.timer import Timer

LONG = 60.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def later(clock: FakeClock) -> Iterator[Timer]:
    later = Timer(clock)
    later.start()
    yield later
    later.stop()


def go_on(clock: FakeClock, later: Timer, seconds: float) -> None:
    """Let time pass, and return once everything that was due by then was called."""
    clock.advance(seconds)
    done = threading.Event()
    later.after(0.0, done.set)
    # The thread sleeps by the real clock: only what is due before everything else wakes it.
    later.after(-1e9, lambda: None)
    assert done.wait(LONG)


def noting(notes: list[str], note: str) -> Callable[[], None]:
    return lambda: notes.append(note)


def test_calls_come_when_they_are_due_and_not_before(clock: FakeClock, later: Timer) -> None:
    notes: list[str] = []
    later.after(60.0, noting(notes, "due"))

    go_on(clock, later, 59.9)
    assert notes == []
    go_on(clock, later, 0.1)
    assert notes == ["due"]


def test_calls_come_in_the_order_of_their_times(clock: FakeClock, later: Timer) -> None:
    notes: list[str] = []
    for seconds in (90.0, 30.0, 60.0):
        later.after(seconds, noting(notes, f"{seconds:g}"))

    go_on(clock, later, 90.0)

    assert notes == ["30", "60", "90"]


def test_calls_of_the_same_moment_come_in_the_order_they_were_asked_for(clock: FakeClock, later: Timer) -> None:
    notes: list[str] = []
    for number in range(20):
        later.after(60.0, noting(notes, str(number)))

    go_on(clock, later, 60.0)

    assert notes == [str(number) for number in range(20)]


def test_a_call_comes_once(clock: FakeClock, later: Timer) -> None:
    notes: list[str] = []
    later.after(1.0, noting(notes, "due"))

    go_on(clock, later, 1.0)
    go_on(clock, later, 100.0)

    assert notes == ["due"]


def test_a_call_may_ask_for_another(clock: FakeClock, later: Timer) -> None:
    notes: list[str] = []
    later.after(1.0, lambda: later.after(1.0, noting(notes, "second")))

    go_on(clock, later, 1.0)
    go_on(clock, later, 1.0)

    assert notes == ["second"]


def test_an_earlier_call_that_comes_in_later_is_not_kept_waiting(later: Timer) -> None:
    later.after(3_600.0, lambda: None)
    soon = threading.Event()

    later.after(0.0, soon.set)

    assert soon.wait(LONG)


def test_it_can_be_stopped_twice_and_before_it_was_started() -> None:
    never_started = Timer(FakeClock())
    never_started.stop()
    started = Timer(FakeClock())
    started.start()
    assert started.alive

    started.stop()
    started.stop()

    assert not started.alive


def test_what_is_not_due_at_the_stop_is_forgotten(clock: FakeClock) -> None:
    later, notes = Timer(clock), [""]
    later.after(60.0, noting(notes, "due"))
    later.start()

    later.stop()
    clock.advance(60.0)

    assert notes == [""]
