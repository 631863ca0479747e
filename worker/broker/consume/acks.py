"""Acks on their way to the broker: given by any thread, sent by the consume loop, many at a time."""

import math
from collections import deque
from collections.abc import Callable, Sequence

from worker.broker.connection.loop import BrokerLoop

GATHER_SECONDS = 0.01
URGENT_SHARE = 4


class AckBatcher:
    """The acks of one subscription: waking the loop for each would cost more than the ack itself.

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
