"""Runs a survey of the topology over an open connection, without blocking its loop."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker
from pika.frame import Method

from worker.broker.connection.loop import Guard
from worker.broker.connection.wire import WireConnection
from worker.broker.topology.model import Binding, Exchange, Topology
from worker.broker.topology.survey import Mode, Reply, Survey, SurveyAnswer, SurveyRequest, survey


class Surveyor:
    """Asks the broker one question after the other. A refusal closes the channel, so it opens another and goes on.

    When the connection is lost on the way nothing more happens: the next connection surveys again.
    """

    def __init__(self, connection: WireConnection, guard: Guard, done: Callable[[Survey], None]) -> None:
        self._connection = connection
        self._guard = guard
        self._done = done
        self._channel: Channel | None = None
        self._request: SurveyRequest | None = None
        self._report: Survey | None = None

    def begin(self, topology: Topology, mode: Mode) -> None:
        """Start, and return; the report goes to `done` on the connection's thread."""
        self._script = survey(topology, mode)
        self._request = next(self._script)
        self._open()

    def _open(self) -> None:
        self._channel = self._connection.channel(on_open_callback=self._guard(self._ask))
        self._channel.add_on_close_callback(self._guard(self._closed))

    def _ask(self, channel: Channel) -> None:
        if self._request is not None:
            send(channel, self._request, self._guard(self._granted))

    def _granted(self, answer: Method[Any]) -> None:
        # Of what is granted, a queue alone has a count.
        self._proceed(SurveyAnswer(Reply.OK, ready=getattr(answer.method, "message_count", None)))

    def _closed(self, _channel: Channel, reason: Exception) -> None:
        self._channel = None
        if self._report is not None:
            # Not from within this callback: pika forgets the channel's number only after it, and would then forget
            # the channel that the caller opens next under the same number.
            self._connection.ioloop.call_later(0, self._guard(partial(self._done, self._report)))
        elif isinstance(reason, ChannelClosedByBroker):
            self._proceed(SurveyAnswer(reason.reply_code, reason.reply_text))

    def _proceed(self, answer: SurveyAnswer) -> None:
        try:
            self._request = self._script.send(answer)
        except StopIteration as end:
            self._finish(end.value)
            return
        if self._channel is None:
            self._open()
        else:
            self._ask(self._channel)

    def _finish(self, report: Survey) -> None:
        if self._channel is None:
            self._done(report)
        else:
            # The report waits for the channel's end, so that its number is free for whoever opens the next one.
            self._report = report
            self._channel.close()


def send(channel: Channel, request: SurveyRequest, granted: Callable[[Any], None]) -> None:
    """Put one request on the wire; `granted` gets the broker's frame when it says yes."""
    item = request.item
    if isinstance(item, Binding):
        channel.queue_bind(item.queue, item.exchange, item.routing_key, callback=granted)
    elif isinstance(item, Exchange):
        channel.exchange_declare(
            item.name,
            item.kind,
            passive=request.passive,
            durable=True,
            arguments=dict(item.arguments),
            callback=granted,
        )
    else:
        channel.queue_declare(
            item.name,
            passive=request.passive,
            durable=True,
            arguments=dict(item.arguments),
            callback=granted,
        )
