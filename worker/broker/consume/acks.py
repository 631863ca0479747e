"""Acks on their way to the broker: given by any thread, sent by the consume loop, many at a time."""

from collections import deque
from dataclasses import dataclass, field

from pika.channel import Channel

from worker.broker.connection.loop import BrokerLoop
from worker.domain.deliveries import Receipt

GATHER_SECONDS = 0.01
URGENT_SHARE = 4


@dataclass(slots=True)
class Epoch:
    """One subscription: its channel and the tags that were delivered on it and not acked yet."""

    number: int
    channel: Channel
    open_tags: set[int] = field(default_factory=set)

    def ack(self, tag: int) -> None:
        """Ack once. A second ack of the same tag would make the broker close the channel and send everything again."""
        if tag in self.open_tags:
            self.open_tags.remove(tag)
            self.channel.basic_ack(tag)


class AckBatcher:
    """Gathers acks while the loop is busy with them: waking it for each would cost more than the ack itself.

    The first ack wakes the loop at once. Those that follow within GATHER_SECONDS are sent together, unless they are
    so many that the broker would wait for them (a quarter of the prefetch window).
    """

    def __init__(self, loop: BrokerLoop, prefetch: int) -> None:
        self._loop = loop
        self._urgent = max(1, prefetch // URGENT_SHARE)
        self._receipts: deque[Receipt] = deque()
        self._gathering = False

    def give(self, receipt: Receipt) -> None:
        """Have it acked soon. From any thread; never blocks."""
        self._receipts.append(receipt)
        if not self._gathering or len(self._receipts) >= self._urgent:
            self._loop.wake()

    def send(self, epochs: dict[int, Epoch]) -> None:
        """Write what was given. A receipt of an epoch that is over is dropped. On the loop's thread."""
        # Lowered before the work: whoever gives an ack from here on either is seen below or wakes the loop.
        self._gathering = False
        if not self._receipts:
            return
        while self._receipts:
            receipt = self._receipts.popleft()
            epoch = epochs.get(receipt.epoch)
            if epoch is not None:
                epoch.ack(receipt.tag)
        self._gathering = True
        self._loop.call_later(GATHER_SECONDS, lambda: self.send(epochs))

    def forget(self) -> None:
        """Begin anew with the next connection: timers end with the old one."""
        self._gathering = False
