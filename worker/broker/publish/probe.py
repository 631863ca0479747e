"""Finds out whether the broker takes messages, also while there is nothing to publish.

RabbitMQ informs a connection of its alarms only when that publishes while one is on: an idle publisher would hear of it
with its first event, after the command was carried out. So a message is published in a transaction that is rolled
back. It counts as a publish, and nobody ever gets it.
"""

from collections.abc import Callable
from functools import partial

from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from worker.broker.connection.loop import Guard
from worker.broker.connection.wire import WireConnection

NOT_FOUND = 404


class PublishProbe:
    """Probes one connection after the other, on a channel of its own. Belongs to the loop's thread.

    `answered` is called after each probe, and when this login may not probe: then nothing is known to be amiss.
    `missing` is called with the broker's refusal when the exchange is not there. During an alarm nothing is called.
    """

    def __init__(
        self, exchange: str, guard: Guard, answered: Callable[[], None], missing: Callable[[Exception], None]
    ) -> None:
        self._exchange = exchange
        self._guard = guard
        self._answered = answered
        self._missing = missing
        self._channel: Channel | None = None
        self._waits = False

    def begin(self, connection: WireConnection) -> None:
        """Send the first probe; returns before there is an answer."""
        self.end()
        connection.channel(on_open_callback=self._guard(self._on_open))

    def end(self) -> None:
        """The connection is gone, or is being given up."""
        self._channel = None

    def tick(self) -> None:
        """Probe again, unless the last answer is still to come."""
        channel = self._channel
        if channel is None or self._waits:
            return
        self._waits = True
        channel.basic_publish(self._exchange, "", b"")
        channel.tx_rollback(self._guard(partial(self._on_answer, channel)))

    def _on_open(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._guard(self._on_closed))
        channel.tx_select(self._guard(partial(self._on_selected, channel)))

    def _on_selected(self, channel: Channel, _answer: object) -> None:
        self._channel = channel
        self._waits = False
        self.tick()

    def _on_answer(self, channel: Channel, _answer: object) -> None:
        if channel is self._channel:
            self._waits = False
            self._answered()

    def _on_closed(self, _channel: Channel, reason: Exception) -> None:
        self.end()
        if not isinstance(reason, ChannelClosedByBroker):
            return
        if reason.reply_code == NOT_FOUND:
            self._missing(reason)
        else:
            # The rights may be bound to routing keys that a probe has not.
            self._answered()
