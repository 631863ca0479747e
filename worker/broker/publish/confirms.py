"""Which message the broker's answers belong to.

In confirm mode the broker numbers what is published on a channel from 1. It answers by number, in any order, one by
one or "all up to this one" (`multiple`). A message no queue would take comes back first (basic.return, without its
number) and is then acked like any other.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from worker.broker.connection.codec import encode_head
from worker.broker.publish.failures import REFUSED
from worker.domain.deliveries import Destination, Outgoing
from worker.errors import PublishFailed, Unpublishable

CHANNEL_NUMBER = 1


class PendingPublish:
    """A message on its way to the broker; `future` is done once the broker has confirmed or refused it.

    The thread that publishes it encodes it; the loop writes it and settles it.
    """

    __slots__ = (
        "_place",
        "_type",
        "body",
        "exchange",
        "future",
        "head",
        "message_id",
        "overdue_at",
        "returned",
        "routing_key",
    )

    def __init__(self, message: Outgoing, exchange: str, overdue_at: float) -> None:
        """Encode the message. Raises Unpublishable when AMQP cannot carry it. `overdue_at` is monotonic seconds."""
        self.exchange = exchange
        self.routing_key = message.routing_key
        self.message_id = message.properties.message_id
        self._type = message.properties.type or "message"
        # Events and dead letters are named by their command's type too, so where they go is part of their name.
        self._place = "" if message.destination is Destination.COMMANDS else f" for {exchange}"
        self.head = encode_head(message, exchange, CHANNEL_NUMBER)
        self.body = message.body
        self.overdue_at = overdue_at
        self.returned: str | None = None
        self.future: Future[None] = Future()

    @property
    def name(self) -> str:
        """The message, named for people."""
        return f"{self._type} {self.message_id or ''}".rstrip()

    def settle(self, failure: str | None) -> None:
        """Answer it: None when it is confirmed, else why that is not certain. What is answered stays so."""
        with suppress(InvalidStateError):
            if failure is None:
                self.future.set_result(None)
            else:
                self.future.set_exception(PublishFailed(f"{self.name}{self._place} is not confirmed: {failure}"))

    def refuse(self, failure: str) -> None:
        """Answer it as one that this broker can never take."""
        with suppress(InvalidStateError):
            words = f"{self.name} for {self.exchange} cannot be published: {failure}"
            self.future.set_exception(Unpublishable(words))


class ConfirmTracker:
    """The messages of one channel that the broker has not answered yet. Belongs to the loop's thread."""

    def __init__(self) -> None:
        self._in_flight: OrderedDict[int, PendingPublish] = OrderedDict()
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._in_flight)

    def sent(self, pending: PendingPublish) -> None:
        """Number a pending that was written. Only then: what was not written takes no number at the broker either."""
        self._sequence += 1
        self._in_flight[self._sequence] = pending

    def returned(self, like: PendingPublish | None, reason: str) -> None:
        """Mark a message as returned; its ack follows. None: it cannot be known which, so all are in doubt."""
        for pending in [like] if like else self._in_flight.values():
            pending.returned = reason

    def find(self, exchange: str, routing_key: str, message_id: str | None, body: bytes) -> PendingPublish | None:
        """Find the oldest message like that. The body counts too: two dead letters about one command share its id."""
        for pending in self._in_flight.values():
            if (
                pending.message_id == message_id
                and pending.routing_key == routing_key
                and pending.exchange == exchange
                and pending.returned is None
                and pending.body == body
            ):
                return pending
        return None

    def answered(self, number: int, *, multiple: bool, taken: bool) -> None:
        """Settle one message, or all up to it. A number that is not known any more is passed over."""
        failure = None if taken else REFUSED
        if not multiple:
            pending = self._in_flight.pop(number, None)
            if pending is not None:
                pending.settle(pending.returned or failure)
            return
        while self._in_flight and next(iter(self._in_flight)) <= number:
            _, pending = self._in_flight.popitem(last=False)
            pending.settle(pending.returned or failure)

    def lost(self, reason: str) -> None:
        """Give up on all: the channel they were published on is gone. The next one is numbered from 1 again."""
        lost, self._in_flight, self._sequence = self._in_flight, OrderedDict(), 0
        for pending in lost.values():
            pending.settle(reason)

    def refuse_larger(self, limit: int, reason: str) -> None:
        """Settle those whose body has more bytes than that, as messages that this broker can never take."""
        for number in [number for number, pending in self._in_flight.items() if len(pending.body) > limit]:
            self._in_flight.pop(number).refuse(reason)

    def wait_anew(self, until: float) -> None:
        """Move every deadline to `until` (monotonic seconds) or later: the loop has read no confirms up to now."""
        for pending in self._in_flight.values():
            pending.overdue_at = max(pending.overdue_at, until)

    def expire(self, now: float, reason: str) -> None:
        """Answer those that are overdue (monotonic seconds); the broker may still take them, and its answer is due."""
        for pending in self._in_flight.values():
            if pending.overdue_at <= now:
                pending.settle(reason)

    def overdue(self, now: float) -> bool:
        """Whether the oldest message should have been answered by now (monotonic seconds)."""
        return bool(self._in_flight) and next(iter(self._in_flight.values())).overdue_at < now


def take_all(outbox: deque[PendingPublish]) -> Iterator[PendingPublish]:
    """Take what waits, one after the other, until nothing is left; several threads may do so at the same time."""
    with suppress(IndexError):
        while True:
            yield outbox.popleft()
