"""What the consume connection does with deliveries around the end of an epoch; no broker is needed for that."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pika import spec
from pika.exceptions import ChannelClosedByBroker, StreamLostError

from tests.support.broker_tools import RecordingIntake
from worker.broker.address import BrokerAddress
from worker.broker.consume.consumer import SETTLE_SECONDS, Consumer, Subscription
from worker.broker.topology.model import Topology
from worker.domain.deliveries import Properties, Receipt
from worker.domain.telemetry import discard_event

TOPOLOGY = Topology("p")


class LoopStub:
    """A loop without a thread: remembers why connections were given up."""

    def __init__(self) -> None:
        self.given_up: list[str] = []
        self.readied = 0

    def guard(self, function: Callable[..., object]) -> Callable[..., object]:
        """Leave it as it is."""
        return function

    def give_up(self, reason: str, _patience_seconds: float = 0.0) -> None:
        """Remember it."""
        self.given_up.append(reason)

    def ready(self) -> None:
        """Count."""
        self.readied += 1

    def wake(self) -> None:
        """Nobody sleeps."""

    def post(self, function: Callable[[], None]) -> None:
        """Run it at once."""
        function()

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Let the time for settling pass at once, and no other."""
        if seconds == SETTLE_SECONDS:
            function()


class ChannelStub:
    """A channel that keeps the callbacks it was given, and the tags that were acked on it."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.prefetch = 0
        self.acked: list[int] = []
        self.channel_number = 3

    def add_on_close_callback(self, callback: object) -> None:
        """Keep it."""
        self.given["closed"] = callback

    def add_on_cancel_callback(self, callback: object) -> None:
        """Keep it."""
        self.given["cancelled"] = callback

    def basic_qos(self, *, prefetch_count: int) -> None:
        """Keep it."""
        self.prefetch = prefetch_count

    def basic_consume(self, _queue: str, delivered: object, *, consumer_tag: str, callback: object) -> None:
        """Keep them."""
        assert consumer_tag
        self.given |= {"delivered": delivered, "consuming": callback}

    @property
    def connection(self) -> "ChannelStub":
        """What acks are written to."""
        return self

    def acknowledge(self, number: int, through: int, others: Sequence[int]) -> None:
        """Remember them."""
        assert number == self.channel_number
        self.acked += [*range(1, through + 1), *others]

    def deliver(self, tag: int) -> None:
        """Deliver a message."""
        method = spec.Basic.Deliver("c", tag, False, "p.commands", "k")  # type: ignore[no-untyped-call]  # pika's are generated
        self.given["delivered"](self, method, Properties(), str(tag).encode())


class ConsumerRig:
    """A consumer that has subscribed to one queue, and everything around it."""

    def __init__(self) -> None:
        self.loop = LoopStub()
        self.intake = RecordingIntake()
        subscription = Subscription(TOPOLOGY, TOPOLOGY.command_queues, 10)
        self.consumer = Consumer(lambda: BrokerAddress("amqp://127.0.0.1"), subscription, self.intake, discard_event)
        loop: Any = self.loop
        self.consumer._loop = loop
        self.channel = self.subscribe()

    def subscribe(self, *early: int) -> ChannelStub:
        """Subscribe on a new channel; what is early comes before the broker has accepted that."""
        channel: Any = ChannelStub()
        self.consumer._awaited = 1
        self.consumer._subscribe(TOPOLOGY.command_queues[0], channel)
        for tag in early:
            channel.deliver(tag)
        channel.given["consuming"](None)
        return channel  # type: ignore[no-any-return]  # the stub made above


def test_it_is_ready_once_the_broker_has_accepted_the_subscription() -> None:
    rig = ConsumerRig()

    assert (rig.channel.prefetch, rig.loop.readied, rig.intake.recorded) == (10, 1, ["1:consuming"])


def test_nothing_is_handed_over_once_its_epoch_was_given_back() -> None:
    rig = ConsumerRig()
    rig.channel.deliver(1)

    rig.consumer.give_back()
    rig.channel.deliver(2)

    assert rig.intake.recorded == ["1:consuming", "1:1", "1:lost"]


def test_nothing_is_handed_over_behind_a_delivery_whose_callback_failed() -> None:
    rig = ConsumerRig()
    rig.channel.deliver(1)
    rig.intake.fault = RuntimeError("a fault of our own")

    with pytest.raises(RuntimeError):
        rig.channel.deliver(2)
    # Both came in one read: otherwise the third, perhaps of the same customer, would overtake the second.
    rig.channel.deliver(3)

    assert rig.intake.recorded == ["1:consuming", "1:1", "1:2", "1:lost"]


def test_acks_are_sent_before_the_rest_is_given_back() -> None:
    rig = ConsumerRig()
    rig.channel.deliver(1)
    rig.consumer.ack(Receipt(1, 1))

    rig.consumer.give_back()

    assert rig.channel.acked == [1]
    assert rig.loop.given_up == ["everything held was given back"]


def test_giving_back_nothing_does_nothing() -> None:
    rig = ConsumerRig()
    rig.consumer.closed("gone")

    rig.consumer.give_back()

    assert rig.loop.given_up == []


def test_a_loss_is_reported_once() -> None:
    rig = ConsumerRig()

    rig.channel.given["cancelled"](None)
    rig.channel.given["closed"](rig.channel, ChannelClosedByBroker(406, "PRECONDITION_FAILED"))
    rig.consumer.closed("gone")

    assert rig.intake.recorded == ["1:consuming", "1:lost"]


def test_a_channel_that_ends_with_its_connection_leaves_the_reason_to_it() -> None:
    rig = ConsumerRig()

    rig.channel.given["closed"](rig.channel, StreamLostError("reset"))

    assert rig.loop.given_up == []


def test_each_subscription_has_a_new_epoch_and_old_receipts_mean_nothing_there() -> None:
    rig = ConsumerRig()
    rig.channel.deliver(1)
    rig.consumer.closed("gone")
    second = rig.subscribe()
    second.deliver(1)

    rig.consumer.ack(Receipt(1, 1))
    rig.consumer.woken()

    assert (rig.channel.acked, second.acked) == ([], [])
    assert rig.intake.deliveries[-1].receipt == Receipt(2, 1)


def test_what_came_before_the_subscription_was_accepted_is_not_acked_with_what_comes_after() -> None:
    rig = ConsumerRig()
    rig.consumer.closed("gone")

    second = rig.subscribe(1)
    second.deliver(2)
    rig.consumer.ack(Receipt(2, 2))
    rig.consumer.woken()

    assert second.acked == [2]


def test_what_comes_when_its_epoch_is_over_is_never_acked_with_what_came_before() -> None:
    rig = ConsumerRig()
    rig.channel.deliver(1)
    rig.channel.deliver(2)
    acks = rig.consumer._acks[1]

    rig.consumer.give_back()
    rig.channel.deliver(3)
    acks.give(2)
    acks.send()

    assert rig.channel.acked == []
