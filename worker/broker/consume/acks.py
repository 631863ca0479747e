"""Acks on their way to the broker: given by any thread, sent by the consume loop, many at a time."""

from collections import deque

from pika.channel import Channel

from worker.broker.connection.loop import BrokerLoop

GATHER_SECONDS = 0.01
URGENT_SHARE = 4


class AckBatcher:
    """The acks of one subscription: waking the loop for each would cost more than the ack itself.

    The first ack wakes the loop at once. Those that follow within GATHER_SECONDS are sent together, unless they are
    so many that the broker would wait for them (a quarter of the prefetch window).
    """

    def __init__(self, loop: BrokerLoop, channel: Channel, prefetch: int) -> None:
        self._loop = loop
        self._channel = channel
        self._urgent = max(1, prefetch // URGENT_SHARE)
        self._unacked: set[int] = set()
        self._given: deque[int] = deque()
        self._gathering = False

    def delivered(self, tag: int) -> None:
        """Take acks of this tag from now on. On the loop's thread."""
        self._unacked.add(tag)

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
        while self._given:
            tag = self._given.popleft()
            # A second ack of the same tag would make the broker close the channel and send everything again.
            if tag in self._unacked:
                self._unacked.remove(tag)
                self._channel.basic_ack(tag)
        self._gathering = True
        self._loop.call_later(GATHER_SECONDS, self.send)

    def end(self) -> None:
        """Drop what is given from now on: the channel is over, and everything unacked on it comes again."""
        self._unacked.clear()
