"""Acks gathered for the loop: each once, those of a channel that is over never, none forgotten."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from worker.broker.consume.consumer import GATHER_SECONDS, AckBatcher


class LoopStub:
    """Counts wake-ups and keeps what is to run later."""

    def __init__(self) -> None:
        self.wakes = 0
        self.later: list[Callable[[], None]] = []

    def wake(self) -> None:
        """Count."""
        self.wakes += 1

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Keep it."""
        assert seconds == GATHER_SECONDS
        self.later.append(function)

    def run_later(self) -> None:
        """Let the time pass."""
        due, self.later = self.later, []
        for function in due:
            function()


class Wire:
    """Remembers what was acked: all up to a tag, and others; gives the tags that the broker takes for acked."""

    def __init__(self) -> None:
        self.written: list[tuple[int, list[int]]] = []

    def acknowledge(self, through: int, others: Sequence[int]) -> None:
        """Remember it."""
        self.written.append((through, list(others)))

    def acked(self) -> list[int]:
        """Read what was written as the broker does; a tag that is acked twice is there twice."""
        found: list[int] = []
        for through, others in self.written:
            found += [tag for tag in range(1, through + 1) if tag not in found] + others
        return found


def parts(prefetch: int = 100, tags: int = 50) -> tuple[Any, Wire, AckBatcher]:
    loop: Any = LoopStub()
    wire = Wire()
    acks = AckBatcher(loop, wire.acknowledge, prefetch)
    for tag in range(1, tags + 1):
        acks.delivered(tag)
    return loop, wire, acks


def test_an_ack_wakes_the_loop_and_is_sent() -> None:
    loop, wire, acks = parts()

    acks.give(3)
    acks.send()

    assert (loop.wakes, wire.acked()) == (1, [3])


def test_acks_that_follow_soon_are_sent_together_without_waking_the_loop() -> None:
    loop, wire, acks = parts()
    acks.give(1)
    acks.send()

    for tag in (2, 3, 4):
        acks.give(tag)

    assert (loop.wakes, wire.acked()) == (1, [1])
    loop.run_later()
    assert wire.acked() == [1, 2, 3, 4]


def test_when_no_more_follow_the_next_one_wakes_the_loop_again() -> None:
    loop, _wire, acks = parts()
    acks.give(1)
    acks.send()
    loop.run_later()

    acks.give(2)

    assert loop.wakes == 2
    assert loop.later == []


def test_a_quarter_of_the_window_does_not_wait() -> None:
    loop, _wire, acks = parts(prefetch=8)
    acks.give(1)
    acks.send()

    acks.give(2)
    assert loop.wakes == 1
    acks.give(3)
    assert loop.wakes == 2


def test_a_message_is_acked_once() -> None:
    _loop, wire, acks = parts()

    for _ in range(3):
        acks.give(5)
    acks.send()

    assert wire.acked() == [5]


def test_a_tag_that_was_never_delivered_is_dropped() -> None:
    _loop, wire, acks = parts(tags=2)

    acks.give(3)
    acks.send()

    assert wire.acked() == []


def test_what_is_given_after_the_end_of_its_channel_is_dropped() -> None:
    loop, wire, acks = parts()
    acks.give(1)
    acks.send()

    acks.end()
    acks.give(2)
    loop.run_later()

    assert wire.acked() == [1]


def test_all_up_to_the_oldest_unacked_go_in_one_frame_and_each_of_the_others_in_its_own() -> None:
    _loop, wire, acks = parts(tags=9)

    for tag in (3, 1, 2, 5, 7):
        acks.give(tag)
    acks.send()
    for tag in (4, 9):
        acks.give(tag)
    acks.send()

    assert wire.written == [(3, [5, 7]), (4, [9])]


def test_what_was_delivered_and_not_acked_is_never_covered() -> None:
    days = random.Random(20_261_130)  # noqa: S311  # the same days each time
    for _day in range(300):
        loop, wire, acks = parts(tags=0)
        delivered: list[int] = []
        given: set[int] = set()
        for _step in range(60):
            if days.random() < 0.5:
                delivered.append(len(delivered) + 1)
                acks.delivered(delivered[-1])
            elif delivered:
                tag = days.choice(delivered)
                given.add(tag)
                acks.give(tag)
            if days.random() < 0.3:
                acks.send()
        acks.send()
        loop.later.clear()

        assert sorted(wire.acked()) == sorted(given)
