"""One message on its way to the broker: packed in the thread that publishes it, sent and settled by the loop."""

import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from pika import frame, spec
from pika.exceptions import AMQPError

from worker.domain.deliveries import Outgoing, Properties
from worker.errors import Unpublishable

PERSISTENT = 2
CHANNEL_NUMBER = 1
# Sender-selected routing: with them the broker would route by the message's own wish, and close the channel over one
# that is no list.
ROUTING_HEADERS = frozenset({"CC", "BCC"})


class Parcel:
    """A packed message and the answer it waits for. `failure` is None once confirmed, else says why it is not.

    `impossible`: this message itself is the reason, and it fails each time until it or the broker's limits change.
    """

    __slots__ = (
        "_answered",
        "body",
        "exchange",
        "failure",
        "head",
        "impossible",
        "message_id",
        "overdue_at",
        "returned",
        "routing_key",
    )

    def __init__(self, message: Outgoing, exchange: str, overdue_at: float) -> None:
        """Pack the message. Raises Unpublishable when AMQP cannot carry it. `overdue_at` is monotonic seconds."""
        self.exchange = exchange
        self.routing_key = message.routing_key
        self.message_id = message.properties.message_id
        self.head = pack(message, exchange)
        self.body = message.body
        self.overdue_at = overdue_at
        self.returned: str | None = None
        self.failure: str | None = None
        self.impossible = False
        # A bare lock is the cheapest thing one thread can wait for and another can open.
        self._answered = threading.Lock()
        self._answered.acquire()

    def settle(self, failure: str | None) -> None:
        """Let the publishing thread go on. Called once, by the loop."""
        self.failure = failure
        self._answered.release()

    def refuse(self, failure: str) -> None:
        """Settle it as one that this broker can never take. Called by the loop, instead of `settle`."""
        self.impossible = True
        self.settle(failure)

    def wait(self) -> bool:
        """Wait for the broker's answer until the parcel is overdue; False when none came."""
        return self._answered.acquire(timeout=self.remaining_seconds())

    def remaining_seconds(self) -> float:
        """How long it may still take."""
        return max(0.0, self.overdue_at - time.monotonic())


def take_all(outbox: deque[Parcel]) -> Iterator[Parcel]:
    """Take what waits, one after the other, until nothing is left; several threads may do so at the same time."""
    with suppress(IndexError):
        while True:
            yield outbox.popleft()


def pack(message: Outgoing, exchange: str) -> bytes:
    """Marshal the method and the header frame: persistent and mandatory, always. Raises Unpublishable."""
    method = spec.Basic.Publish(exchange=exchange, routing_key=message.routing_key, mandatory=True)  # type: ignore[no-untyped-call]  # pika's are generated
    try:
        start = frame.Method(CHANNEL_NUMBER, method).marshal()
        header = frame.Header(CHANNEL_NUMBER, len(message.body), _properties(message.properties)).marshal()
    except (AMQPError, AssertionError, ValueError, TypeError, OverflowError, struct.error) as error:
        raise Unpublishable(f"the message cannot be written as AMQP: {str(error) or type(error).__name__}") from error
    return start + header


def _properties(properties: Properties) -> spec.BasicProperties:
    """Translate, leaving out what would change its fate.

    An expiration would delete it unread; a user_id that is not our login's makes the broker close the channel.
    """
    headers = {name: value for name, value in properties.headers.items() if name not in ROUTING_HEADERS}
    return spec.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        headers=headers or None,
        delivery_mode=PERSISTENT,
        priority=properties.priority,
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        message_id=properties.message_id,
        timestamp=properties.timestamp,
        type=properties.type,
        app_id=properties.app_id,
    )
