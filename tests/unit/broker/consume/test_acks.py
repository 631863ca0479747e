"""Acks gathered for the loop: each once, those of a channel that is over never, none forgotten."""

from collections.abc import Callable
from typing import Any

from worker.broker.consume.acks import GATHER_SECONDS, AckBatcher


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


class ChannelStub:
    """Remembers the tags that were acked."""

    def __init__(self) -> None:
        self.acked: list[int] = []

    def basic_ack(self, tag: int) -> None:
        """Remember it."""
        self.acked.append(tag)


def parts(prefetch: int = 100, tags: int = 50) -> tuple[Any, Any, AckBatcher]:
    loop: Any = LoopStub()
    channel: Any = ChannelStub()
    acks = AckBatcher(loop, channel, prefetch)
    for tag in range(1, tags + 1):
        acks.delivered(tag)
    return loop, channel, acks


def test_an_ack_wakes_the_loop_and_is_sent() -> None:
    loop, channel, acks = parts()

    acks.give(3)
    acks.send()

    assert (loop.wakes, channel.acked) == (1, [3])


def test_acks_that_follow_soon_are_sent_together_without_waking_the_loop() -> None:
    loop, channel, acks = parts()
    acks.give(1)
    acks.send()

    for tag in (2, 3, 4):
        acks.give(tag)

    assert (loop.wakes, channel.acked) == (1, [1])
    loop.run_later()
    assert channel.acked == [1, 2, 3, 4]


def test_when_no_more_follow_the_next_one_wakes_the_loop_again() -> None:
    loop, _channel, acks = parts()
    acks.give(1)
    acks.send()
    loop.run_later()

    acks.give(2)

    assert loop.wakes == 2
    assert loop.later == []


def test_a_quarter_of_the_window_does_not_wait() -> None:
    loop, _channel, acks = parts(prefetch=8)
    acks.give(1)
    acks.send()

    acks.give(2)
    assert loop.wakes == 1
    acks.give(3)
    assert loop.wakes == 2


def test_a_message_is_acked_once() -> None:
    _loop, channel, acks = parts()

    for _ in range(3):
        acks.give(5)
    acks.send()

    assert channel.acked == [5]


def test_a_tag_that_was_never_delivered_is_dropped() -> None:
    _loop, channel, acks = parts(tags=2)

    acks.give(3)
    acks.send()

    assert channel.acked == []


def test_what_is_given_after_the_end_of_its_channel_is_dropped() -> None:
    loop, channel, acks = parts()
    acks.give(1)
    acks.send()

    acks.end()
    acks.give(2)
    loop.run_later()

    assert channel.acked == [1]
