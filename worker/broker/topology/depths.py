"""How many messages wait in each queue, asked now and then and kept for whoever scrapes the metrics."""

import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker
from pika.frame import Method

from worker.broker.connection.loop import Guard
from worker.broker.connection.wire import WireConnection

INTERVAL_SECONDS = 10.0


class DepthWatch:
    """Asks by passive declaration, on a channel of its own: a refusal must not cost the publisher's channel.

    The number is of messages that are ready: neither those delivered and unacknowledged, nor dead letters that the
    broker is still handing over.
    """

    def __init__(self, queues: tuple[str, ...], guard: Guard) -> None:
        self._queues = queues
        self._guard = guard
        self._connection: WireConnection | None = None
        self._due_at = 0.0
        self._left: list[str] = []
        self._found: dict[str, int] = {}
        self.depths: Mapping[str, int] = MappingProxyType({})

    def begin(self, connection: WireConnection) -> None:
        """Ask over this connection from now on."""
        self._connection = connection
        self._left = []
        self._due_at = 0.0

    def end(self) -> None:
        """Forget the connection, and the numbers: nobody knows them now."""
        self._connection = None
        self.depths = MappingProxyType({})

    def tick(self) -> None:
        """Start a round when one is due and the last one is over."""
        now = time.monotonic()
        if self._connection is not None and now >= self._due_at and not self._left:
            self._due_at = now + INTERVAL_SECONDS
            self._left = list(self._queues)
            self._found = {}
            self._open(self._connection)

    def _open(self, connection: WireConnection) -> None:
        channel = connection.channel(on_open_callback=self._guard(self._ask))
        channel.add_on_close_callback(self._guard(self._on_closed))

    def _ask(self, channel: Channel) -> None:
        channel.queue_declare(self._left[0], passive=True, callback=self._guard(partial(self._on_depth, channel)))

    def _on_depth(self, channel: Channel, answer: Method[Any]) -> None:
        self._found[self._left.pop(0)] = answer.method.message_count
        if self._left:
            self._ask(channel)
        else:
            self._publish()
            channel.close()

    def _on_closed(self, _channel: Channel, reason: Exception) -> None:
        """Go on with the next queue when the broker refused this one."""
        if not isinstance(reason, ChannelClosedByBroker) or self._connection is None:
            return
        self._left.pop(0)
        if self._left:
            self._open(self._connection)
        else:
            self._publish()

    def _publish(self) -> None:
        self.depths = MappingProxyType(self._found)
