"""What the publish connection does: looks at the topology, opens a channel in confirm mode, writes and listens."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pika import spec
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker
from pika.frame import Method

from worker.broker.connection.loop import BrokerLoop
from worker.broker.connection.wire import WireConnection, plain_properties
from worker.broker.faults import words
from worker.broker.publish.confirms import CHANNEL_NUMBER, ConfirmTracker, PendingPublish, take_all
from worker.broker.publish.failures import blocked, overheaded, oversized, returned, size_limit, unanswered, unconnected
from worker.broker.publish.probe import PublishProbe
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.broker.topology.watch import TopologyWatch
from worker.domain.telemetry import BrokerBlocked, BrokerUnblocked, Emit

DEPARTURE_POLL_SECONDS = 0.02
AFTER_ALARM_SECONDS = 10.0


class PublishSession:
    """Belongs to the publish loop's thread; other threads only put messages into the outbox and wake the loop."""

    def __init__(
        self,
        loop: BrokerLoop,
        topology: Topology,
        mode: Mode,
        outbox: deque[PendingPublish],
        emit: Emit,
        patience_seconds: float,
    ) -> None:
        self.blocked: str | None = None
        #: Who must know, also while nothing is in hand, whether what is published is taken (see `Publisher.watch`).
        self.hindered: Callable[[str | None], None] | None = None
        self._patience_seconds = patience_seconds
        self._loop = loop
        self._topology = topology
        self._mode = mode
        self._outbox = outbox
        self._emit = emit
        self._confirms = ConfirmTracker()
        self._topology_watch = TopologyWatch(topology, loop.guard, emit, declare=mode is Mode.APPLY)
        self._probe = PublishProbe(topology.events, loop.guard, self._on_taken, self._on_missing)
        self._ready: WireConnection | None = None
        self._hindrance: str | None = None
        self._departing = False

    def opened(self, connection: WireConnection) -> None:
        """Look at the topology first: publishing to an exchange that is missing would close the channel."""
        guard = self._loop.guard
        self._departing = False
        connection.add_on_connection_blocked_callback(guard(self._on_blocked))
        connection.add_on_connection_unblocked_callback(guard(self._on_unblocked))

        def surveyed(report: Survey) -> None:
            report.require_sound()
            connection.channel(CHANNEL_NUMBER, guard(partial(self._on_channel, connection, report)))

        Surveyor(connection, guard, surveyed).begin(self._topology, self._mode)

    def woken(self) -> None:
        """Write everything that waits, unless the broker takes nothing now."""
        connection = self._ready
        if connection is None or self.blocked is not None:
            return
        now = time.monotonic()
        for pending in take_all(self._outbox):
            if pending.overdue_at > now:
                self._write(connection, pending)
            else:
                pending.settle(self.delay_reason)

    def ticked(self) -> None:
        """Answer what waits for too long, and give up on a connection whose answers do not come.

        The peer is gone then, or a queue has no leader.
        """
        now = time.monotonic()
        stalled = self._ready is not None and self.blocked is None and self._confirms.overdue(now)
        self._expire(now)
        if stalled:
            self._ready = None
            self._loop.give_up("the broker did not confirm in time")
        if self._ready is not None and self.blocked is None:
            self._probe.tick()
            self._topology_watch.tick()

    def closed(self, reason: str) -> None:
        """Fail what is under way: it may have arrived, and nobody will say."""
        self._ready = None
        self._topology_watch.end()
        self._probe.end()
        # An alarm outlives a connection; the next one hears of it with its first probe.
        self.blocked = None
        self._say(unconnected(reason))
        self._confirms.lost(f"the connection ended before the broker confirmed ({reason})")

    @property
    def depths(self) -> Mapping[str, int]:
        """Ready messages by queue; empty while there is no connection, or no question is heard on it."""
        return self._topology_watch.depths if self.blocked is None else {}

    @property
    def topology_faults(self) -> tuple[str, ...]:
        """What was missing at the last look, each with what to do; empty while there is no connection."""
        return self._topology_watch.faults

    @property
    def delay_reason(self) -> str:
        """Why what is overdue now has not been confirmed. From any thread."""
        if self._ready is None:
            return unconnected(self._loop.state.fault or "it has just come back")
        blocked_by = self.blocked
        return unanswered(self._patience_seconds) if blocked_by is None else blocked(blocked_by)

    def depart(self, connection: WireConnection) -> None:
        """Close the connection once nothing is under way any more; the loop's deadline bounds the wait."""
        self._departing = True
        if (self._outbox and self._ready) or self._confirms:
            self._loop.call_later(DEPARTURE_POLL_SECONDS, lambda: self.depart(connection))
        elif connection.is_open:
            connection.close()

    def _expire(self, now: float) -> None:
        """Answer what is overdue: it was never written, or the broker does not read or confirm what was."""
        while self._outbox and self._outbox[0].overdue_at <= now:
            self._outbox.popleft().settle(self.delay_reason)
        self._confirms.expire(now, self.delay_reason)

    def _write(self, connection: WireConnection, pending: PendingPublish) -> None:
        limit = connection.params.frame_max
        if len(pending.head) > limit:
            # The broker would answer by ending the connection, and everything under way would be in doubt.
            pending.refuse(overheaded(len(pending.head), limit))
            return
        connection.send(CHANNEL_NUMBER, pending.head, pending.body)
        self._confirms.sent(pending)

    def _on_channel(self, connection: WireConnection, report: Survey, channel: Channel) -> None:
        guard = self._loop.guard
        channel.add_on_close_callback(guard(self._on_channel_closed))
        channel.add_on_return_callback(guard(self._on_return))
        channel.confirm_delivery(guard(self._on_answer), guard(partial(self._on_confirming, connection, report)))

    def _on_confirming(self, connection: WireConnection, report: Survey, _selected: object) -> None:
        self._ready = connection
        self._topology_watch.begin(connection, report)
        if self.hindered is not None:
            self._probe.begin(connection)
        self._loop.ready()
        self._loop.wake()

    def _on_answer(self, answer: Method[Any]) -> None:
        method = answer.method
        taken = isinstance(method, spec.Basic.Ack)
        self._confirms.answered(method.delivery_tag, multiple=method.multiple, taken=taken)

    def _on_return(self, _channel: Channel, method: spec.Basic.Return, properties: object, body: bytes) -> None:
        message_id = plain_properties(properties).message_id
        pending = self._confirms.find(method.exchange, method.routing_key, message_id, body)
        self._confirms.returned(pending, returned(method.reply_text))

    def _on_channel_closed(self, _channel: Channel, reason: Exception) -> None:
        # Otherwise the connection itself is ending, and says why.
        if isinstance(reason, ChannelClosedByBroker):
            self._ready = None
            self._refuse_larger(reason.reply_text)
            self._loop.give_up(words(reason))

    def _refuse_larger(self, reply_text: str) -> None:
        limit = size_limit(reply_text)
        if limit is not None:
            self._confirms.refuse_larger(limit, oversized(limit))

    def _on_blocked(self, _connection: object, notice: Method[Any]) -> None:
        self.blocked = str(notice.method.reason)
        self._emit(BrokerBlocked(self.blocked))
        self._say(blocked(self.blocked))

    def _on_unblocked(self, _connection: object, _notice: object) -> None:
        self.blocked = None
        # Nobody has read until now what was written before.
        self._confirms.wait_anew(time.monotonic() + AFTER_ALARM_SECONDS)
        self._emit(BrokerUnblocked())
        self._say(None)
        self._loop.wake()

    def _on_taken(self) -> None:
        if self.blocked is None:
            self._say(None)

    def _on_missing(self, reason: Exception) -> None:
        self._ready = None
        self._loop.give_up(words(reason))

    def _say(self, hindrance: str | None) -> None:
        if hindrance == self._hindrance or self.hindered is None or self._departing:
            return
        self._hindrance = hindrance
        self.hindered(hindrance)
