"""Acks gathered for the loop: each once, stale ones never, none forgotten."""

from collections.abc import Callable
from typing import Any

from worker.broker.consume.acks import GATHER_SECONDS, AckBatcher, Epoch
from worker.domain.deliveries import Receipt


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


def parts(prefetch: int = 100, tags: int = 50) -> tuple[Any, Any, AckBatcher, dict[int, Epoch]]:
    loop: Any = LoopStub()
    channel: Any = ChannelStub()
    return loop, channel, AckBatcher(loop, prefetch), {1: Epoch(1, channel, set(range(1, tags + 1)))}


def test_an_ack_wakes_the_loop_and_is_sent() -> None:
    loop, channel, acks, epochs = parts()

    acks.give(Receipt(1, 3))
    acks.send(epochs)

    assert (loop.wakes, channel.acked) == (1, [3])


def test_acks_that_follow_soon_are_sent_together_without_waking_the_loop() -> None:
    loop, channel, acks, epochs = parts()
    acks.give(Receipt(1, 1))
    acks.send(epochs)

    for tag in (2, 3, 4):
        acks.give(Receipt(1, tag))

    assert (loop.wakes, channel.acked) == (1, [1])
    loop.run_later()
    assert channel.acked == [1, 2, 3, 4]


def test_when_no_more_follow_the_next_one_wakes_the_loop_again() -> None:
    loop, _channel, acks, epochs = parts()
    acks.give(Receipt(1, 1))
    acks.send(epochs)
    loop.run_later()

    acks.give(Receipt(1, 2))

    assert loop.wakes == 2
    assert loop.later == []


def test_a_quarter_of_the_window_does_not_wait() -> None:
    loop, _channel, acks, epochs = parts(prefetch=8)
    acks.give(Receipt(1, 1))
    acks.send(epochs)

    acks.give(Receipt(1, 2))
    assert loop.wakes == 1
    acks.give(Receipt(1, 3))
    assert loop.wakes == 2


def test_a_stale_ack_is_dropped() -> None:
    _loop, channel, acks, epochs = parts()

    acks.give(Receipt(0, 1))
    acks.give(Receipt(2, 1))
    acks.send(epochs)

    assert channel.acked == []


def test_a_message_is_acked_once() -> None:
    _loop, channel, acks, epochs = parts()

    for _ in range(3):
        acks.give(Receipt(1, 5))
    acks.send(epochs)

    assert channel.acked == [5]


def test_a_tag_that_was_never_delivered_is_dropped() -> None:
    _loop, channel, acks, epochs = parts(tags=2)

    acks.give(Receipt(1, 3))
    acks.send(epochs)

    assert channel.acked == []


def test_with_a_new_connection_the_first_ack_wakes_the_loop() -> None:
    loop, _channel, acks, epochs = parts()
    acks.give(Receipt(1, 1))
    acks.send(epochs)

    acks.forget()
    acks.give(Receipt(2, 1))

    assert loop.wakes == 2
