"""Which message the broker's answers belong to.

In confirm mode the broker numbers what is published on a channel from 1. It answers by number, in any order, one by
one or "all up to this one" (`multiple`). A message no queue would take comes back first (basic.return, without its
number) and is then acked like any other.
"""

from collections import OrderedDict

from worker.broker.parcel import Parcel
from worker.broker.refusals import REFUSED


class Confirms:
    """The messages of one channel that the broker has not answered yet. Belongs to the loop's thread."""

    def __init__(self) -> None:
        self._in_flight: OrderedDict[int, Parcel] = OrderedDict()
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._in_flight)

    def sent(self, parcel: Parcel) -> None:
        """Number a parcel that was written. Only then: what was not written takes no number at the broker either."""
        self._sequence += 1
        self._in_flight[self._sequence] = parcel

    def returned(self, like: Parcel | None, reason: str) -> None:
        """Mark a message as returned; its ack follows. None: it cannot be told which, so all are in doubt."""
        for parcel in [like] if like else self._in_flight.values():
            parcel.returned = reason

    def find(self, exchange: str, routing_key: str, message_id: str | None, body: bytes) -> Parcel | None:
        """Find the oldest message like that. The body counts too: two letters about one command share its id."""
        for parcel in self._in_flight.values():
            if (
                parcel.message_id == message_id
                and parcel.routing_key == routing_key
                and parcel.exchange == exchange
                and parcel.returned is None
                and parcel.body == body
            ):
                return parcel
        return None

    def answered(self, number: int, *, multiple: bool, taken: bool) -> None:
        """Settle one message, or all up to it. A number that is not known any more is passed over."""
        failure = None if taken else REFUSED
        if not multiple:
            parcel = self._in_flight.pop(number, None)
            if parcel is not None:
                parcel.settle(parcel.returned or failure)
            return
        while self._in_flight and next(iter(self._in_flight)) <= number:
            _, parcel = self._in_flight.popitem(last=False)
            parcel.settle(parcel.returned or failure)

    def lost(self, reason: str) -> None:
        """Give up on all: the channel they were published on is gone. The next one is numbered from 1 again."""
        lost, self._in_flight, self._sequence = self._in_flight, OrderedDict(), 0
        for parcel in lost.values():
            parcel.settle(reason)

    def refuse_larger(self, limit: int, reason: str) -> None:
        """Settle those whose body has more bytes than that, as messages that this broker can never take."""
        for number in [number for number, parcel in self._in_flight.items() if len(parcel.body) > limit]:
            self._in_flight.pop(number).refuse(reason)

    def wait_anew(self, until: float) -> None:
        """Give all of them until then (monotonic seconds) at least: nobody has read them up to now."""
        for parcel in self._in_flight.values():
            parcel.overdue_at = max(parcel.overdue_at, until)

    def expire(self, now: float, reason: str) -> None:
        """Answer those that are overdue (monotonic seconds); the broker may still take them, and its answer is due."""
        for parcel in self._in_flight.values():
            if parcel.overdue_at <= now:
                parcel.settle(reason)

    def overdue(self, now: float) -> bool:
        """Whether the oldest message should have been answered by now (monotonic seconds)."""
        return bool(self._in_flight) and next(iter(self._in_flight.values())).overdue_at < now
