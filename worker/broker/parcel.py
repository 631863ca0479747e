"""One message on its way to the broker: packed by the thread that publishes it, sent and answered by the loop."""

import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from pika import frame, spec
from pika.exceptions import AMQPError

from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import PublishFailed, Unpublishable

PERSISTENT = 2
CHANNEL_NUMBER = 1
# Sender-selected routing: with them the broker would route by the message's own wish, and close the channel over one
# that is no list.
ROUTING_HEADERS = frozenset({"CC", "BCC"})


class Parcel:
    """A packed message, and the future that is done when the broker has confirmed it."""

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
        """Pack the message. Raises Unpublishable when AMQP cannot carry it. `overdue_at` is monotonic seconds."""
        self.exchange = exchange
        self.routing_key = message.routing_key
        self.message_id = message.properties.message_id
        self._type = message.properties.type or "message"
        # Events and dead letters are named by their command's type too, so where they go is part of their name.
        self._place = "" if message.destination is Destination.COMMANDS else f" for {exchange}"
        self.head = pack(message, exchange)
        self.body = message.body
        self.overdue_at = overdue_at
        self.returned: str | None = None
        self.future: Future[None] = Future()

    @property
    def name(self) -> str:
        """The message in words."""
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
