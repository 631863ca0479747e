"""Consumes from the broker and answers it: deliveries go to an Intake, acks come from any thread, many at a time."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from pika import spec
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from worker.broker.address import AddressSource, Role, connection_name
from worker.broker.connection.codec import text
from worker.broker.connection.loop import BrokerLoop, LoopState
from worker.broker.connection.wire import WireConnection, plain_properties
from worker.broker.faults import words
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.ports import Intake
from worker.domain.telemetry import Emit, discard_event

GATHER_SECONDS = 0.01
URGENT_SHARE = 4
PATIENCE_SECONDS = 3.0
# For a quorum queue the broker's channel has at most 32 settlements under way and holds the rest back in its memory.
# A channel that ends forgets those: they were acked and would come again.
SETTLE_SECONDS = 0.1
GIVEN_BACK = "everything held was given back"


class AckBatcher:
    """Collects the acks of one subscription, so that the loop is woken once for many of them.

    The first ack wakes the loop at once. Those that follow within GATHER_SECONDS are sent together, unless they are
    so many that the broker would wait for them (a quarter of the prefetch window).

    `write` puts a batch on the wire: it gets the tag up to which everything is acked now (0: none), and the tags of the
    others. What one frame acks, a quorum queue settles in one step.
    """

    def __init__(self, loop: BrokerLoop, write: Callable[[int, Sequence[int]], None], prefetch: int) -> None:
        self._loop = loop
        self._write = write
        self._urgent = max(1, prefetch // URGENT_SHARE)
        self._unacked: dict[int, None] = {}
        self._given: deque[int] = deque()
        self._gathering = False

    def delivered(self, tag: int) -> None:
        """Take acks of this tag from now on. On the loop's thread."""
        self._unacked[tag] = None

    def give(self, tag: int) -> None:
        """Have it acked soon. From any thread; never blocks."""
        self._given.append(tag)
        if not self._gathering or len(self._given) >= self._urgent:
            self._loop.wake()

    def send(self) -> None:
        """Write what was given. On the loop's thread."""
        # Lowered before the work: whoever gives an ack from here on either is seen below or wakes the loop.
        self._gathering = False
        if not self._given:
            return
        tags = []
        while self._given:
            tag = self._given.popleft()
            # A second ack of the same tag would make the broker close the channel and send everything again.
            if tag in self._unacked:
                del self._unacked[tag]
                tags.append(tag)
        if tags:
            # The first of the unacked was delivered first: below it nothing is left that could be acked by mistake.
            oldest = next(iter(self._unacked), math.inf)
            through = max((tag for tag in tags if tag < oldest), default=0)
            self._write(through, [tag for tag in tags if tag > oldest])
        self._gathering = True
        self._loop.call_later(GATHER_SECONDS, self.send)

    def end(self) -> None:
        """Drop what is given from now on: the channel is over, and everything unacked on it comes again."""
        self._unacked.clear()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is consumed. `prefetch` (messages) never changes while running: returned messages would overtake others."""

    topology: Topology
    queues: tuple[str, ...]
    prefetch: int
    mode: Mode = Mode.LOOK
    role: Role = Role.CONSUME


class Consumer:
    """Keeps the subscription alive: the Settlement port, and the session of its own loop.

    Each subscription has its own epoch, and a receipt is valid within its epoch only: the same number means another
    message on the next channel, and acking it there would remove a message nobody has handled.
    """

    def __init__(
        self,
        address: AddressSource,
        subscription: Subscription,
        intake: Intake,
        emit: Emit = discard_event,
    ) -> None:
        self._loop = BrokerLoop(subscription.role, address, emit)
        self._subscription = subscription
        self._intake = intake
        self._acks: dict[int, AckBatcher] = {}
        self._newest_epoch = 0
        self._awaited = 0

    @property
    def alive(self) -> bool:
        """Whether the connection's thread runs and its loop has turned lately, connected or not."""
        return self._loop.alive

    @property
    def state(self) -> LoopState:
        """The connection's state; `connected` once the broker has accepted every subscription."""
        return self._loop.state

    def start(self) -> None:
        """Begin to connect, and return."""
        self._loop.start(self)

    def ack(self, receipt: Receipt) -> None:
        """Ack soon, from any thread, without blocking; a stale receipt is dropped in silence (it comes again)."""
        acks = self._acks.get(receipt.epoch)
        if acks is not None:
            acks.give(receipt.tag)

    def give_back(self) -> None:
        """Return everything unsettled to the queue, in order, and subscribe again. Acks given before are sent first."""
        self._loop.post(self._give_back)

    def stop(self, deadline_seconds: float = 5.0) -> bool:
        """Send the acks given so far and end; what is held returns to the queue in its order. False when cut off."""
        return self._loop.stop(self._depart, deadline_seconds)

    def opened(self, connection: WireConnection) -> None:
        """Look at the topology first, then subscribe to each queue on a channel of its own."""
        subscription = self._subscription

        def surveyed(report: Survey) -> None:
            report.require_sound()
            self._awaited = len(subscription.queues)
            for queue in subscription.queues:
                connection.channel(on_open_callback=self._loop.guard(partial(self._subscribe, queue)))

        Surveyor(connection, self._loop.guard, surveyed).begin(subscription.topology, subscription.mode)

    def woken(self) -> None:
        """Send the acks that were given."""
        for acks in self._acks.values():
            acks.send()

    def ticked(self) -> None:
        """Nothing is due by the clock here."""

    def closed(self, _reason: str) -> None:
        """Pause the intake, unless it is paused."""
        self._lose()

    def _subscribe(self, queue: str, channel: Channel) -> None:
        guard, subscription = self._loop.guard, self._subscription
        connection = cast("WireConnection", channel.connection)
        self._newest_epoch += 1
        epoch = self._newest_epoch
        acks = AckBatcher(self._loop, partial(connection.acknowledge, channel.channel_number), subscription.prefetch)
        channel.add_on_close_callback(guard(self._on_channel_closed))
        channel.add_on_cancel_callback(guard(partial(self._on_cancelled, queue)))
        channel.basic_qos(prefetch_count=subscription.prefetch)
        channel.basic_consume(
            queue,
            guard(partial(self._on_delivery, epoch, acks)),
            consumer_tag=connection_name(subscription.role),
            callback=guard(partial(self._on_consuming, epoch, acks)),
        )

    def _on_consuming(self, epoch: int, acks: AckBatcher, _answer: object) -> None:
        self._acks[epoch] = acks
        self._intake.consuming(epoch)
        self._awaited -= 1
        if not self._awaited:
            self._loop.ready()

    def _on_delivery(
        self,
        epoch: int,
        acks: AckBatcher,
        _channel: Channel,
        method: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        # Counted in any case: an ack of all up to a later one must never cover what was not handed over.
        acks.delivered(method.delivery_tag)
        # Once an epoch is over, what still arrives on its way out is not ours any more.
        if epoch in self._acks:
            try:
                self._intake.delivered(_delivery(epoch, method, properties, body))
            except BaseException:
                # What has come behind it must not overtake it: all of them come again, in their order.
                self._lose()
                raise

    def _on_cancelled(self, queue: str, _notice: object) -> None:
        self._lose()
        self._loop.give_up(f"the broker cancelled the consumer of {queue}")

    def _on_channel_closed(self, _channel: Channel, reason: Exception) -> None:
        # Otherwise the connection itself is ending, and says why.
        if isinstance(reason, ChannelClosedByBroker):
            self._lose()
            self._loop.give_up(words(reason))

    def _give_back(self) -> None:
        """End the connection, acks first, and let the loop open the next one."""
        if self._acks:
            self._settle_and(partial(self._loop.give_up, GIVEN_BACK, PATIENCE_SECONDS))

    def _depart(self, connection: WireConnection) -> None:
        """Send the acks, then end the connection for good, in the same way."""
        self._settle_and(partial(connection.leave, PATIENCE_SECONDS))

    def _settle_and(self, end: Callable[[], None]) -> None:
        """Send the acks, hand over nothing more, and end after a moment."""
        self.woken()
        self._lose()
        self._loop.call_later(SETTLE_SECONDS, end)

    def _lose(self) -> None:
        """Inform the intake which epochs are over: what it has of them comes again."""
        lost, self._acks = self._acks, {}
        for epoch, acks in lost.items():
            acks.end()
            self._intake.lost(epoch)


def _delivery(epoch: int, method: spec.Basic.Deliver, properties: object, body: bytes) -> Delivery:
    return Delivery(
        body=body,
        properties=plain_properties(properties),
        redelivered=method.redelivered,
        receipt=Receipt(epoch, method.delivery_tag),
        exchange=_text(method.exchange),
        routing_key=_text(method.routing_key),
        arrived_at=time.monotonic(),
    )


def _text(value: str | bytes) -> str:
    """Decode what is not UTF-8: pika leaves such a name as bytes."""
    return text(value) if isinstance(value, bytes) else value
