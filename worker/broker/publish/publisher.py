"""Publishes and waits until the broker has confirmed: the only way a message of ours counts as published.

Any thread may publish. The session belongs to the connection's thread: it looks at the topology, opens a channel in
confirm mode, writes what waits, and hears what the broker says of it.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from pika import spec
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker
from pika.frame import Method

from worker.broker.address import AddressSource, Role
from worker.broker.connection.loop import BrokerLoop, LoopState
from worker.broker.connection.wire import WireConnection, plain_properties
from worker.broker.faults import words
from worker.broker.publish.confirms import CHANNEL_NUMBER, ConfirmTracker, PendingPublish, take_all
from worker.broker.publish.failures import blocked, overheaded, oversized, returned, size_limit, unanswered, unconnected
from worker.broker.publish.probe import PublishProbe
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.broker.topology.watch import TopologyWatch
from worker.domain.deliveries import Destination, Outgoing
from worker.domain.telemetry import BrokerBlocked, BrokerUnblocked, Emit, discard_event
from worker.errors import PublishFailed, Unpublishable

PATIENCE_SECONDS = 30.0
STOPPED = "the publisher has been stopped"
DEPARTURE_POLL_SECONDS = 0.02
AFTER_ALARM_SECONDS = 10.0


class Publisher:
    """The EventPublisher port over a connection of its own. Many threads publish; one loop writes what they bring.

    While the broker is not there, or takes nothing because it is short of memory or disk, messages wait until their
    deadline. What was under way when a connection ends fails at once: nobody knows what became of it.
    `patience_seconds` bounds one publish, waiting for a connection included.
    """

    def __init__(
        self,
        address: AddressSource,
        topology: Topology,
        emit: Emit = discard_event,
        mode: Mode = Mode.LOOK,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        # A name never comes from a message.
        self._exchanges = {destination: topology.exchange_for(destination) for destination in Destination}
        self._patience_seconds = patience_seconds
        self._outbox: deque[PendingPublish] = deque()
        self._stopped = False
        self._loop = BrokerLoop(Role.PUBLISH, address, emit)
        self._session = PublishSession(self._loop, topology, mode, self._outbox, emit, patience_seconds)

    @property
    def alive(self) -> bool:
        """Whether the connection's thread runs and its loop has turned lately, connected or not."""
        return self._loop.alive

    @property
    def state(self) -> LoopState:
        """The connection's state, for readiness."""
        return self._loop.state

    @property
    def blocked(self) -> str | None:
        """Why the broker takes no messages now; None when it does."""
        return self._session.blocked

    @property
    def depths(self) -> Mapping[str, int]:
        """Messages ready in each queue, at most some seconds old; a queue that cannot be asked is missing."""
        return self._session.depths

    @property
    def topology_faults(self) -> tuple[str, ...]:
        """What is missing at the broker though the worker is connected, each with what to do; seconds old at most."""
        return self._session.topology_faults

    def watch(self, hindered: Callable[[str | None], None]) -> None:
        """Call this, from before the start, with the reason whenever messages are taken no longer, and None when again.

        On the connection's own thread: it is quick, and never raises.
        """
        self._session.hindered = hindered

    def start(self) -> None:
        """Begin to connect, and return."""
        self._stopped = False
        self._loop.start(self._session)

    def stop(self, deadline_seconds: float = 5.0) -> bool:
        """Wait for what is under way, close, end the thread. What is not confirmed by then fails."""
        self._stopped = True
        ended = self._loop.stop(self._session.depart, deadline_seconds)
        self._refuse_waiting()
        return ended

    def publish(self, message: Outgoing) -> None:
        """Return once the broker has confirmed the message; raise PublishFailed when it is not certain that it has.

        Unpublishable when it certainly has not, and never will take this message as it is.
        """
        pending = self._submit(message)
        try:
            pending.future.result(self._patience_seconds)
        except TimeoutError:
            # The loop's tick says so too, within a second; it has none while nothing is started.
            pending.settle(self._session.delay_reason)
        try:
            pending.future.result()
        except Unpublishable:
            raise
        except PublishFailed as failure:
            again = ". Publish it again as it is" if message.destination is Destination.COMMANDS else ""
            raise PublishFailed(f"{failure}{again}") from failure

    def publish_soon(self, message: Outgoing) -> "Future[None]":
        """Publish it without waiting; the future is done by the loop's thread once the broker has confirmed it.

        It gets what `publish` raises, after the publisher's patience at the latest.
        """
        try:
            return self._submit(message).future
        except Unpublishable as fault:
            refused: Future[None] = Future()
            refused.set_exception(fault)
            return refused

    def _submit(self, message: Outgoing) -> PendingPublish:
        overdue_at = time.monotonic() + self._patience_seconds
        pending = PendingPublish(message, self._exchanges[message.destination], overdue_at)
        self._outbox.append(pending)
        self._loop.wake()
        if self._stopped:
            self._refuse_waiting()
        return pending

    def _refuse_waiting(self) -> None:
        for pending in take_all(self._outbox):
            pending.settle(STOPPED)


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
        """Fail every unconfirmed message: it may have arrived, and its confirm cannot come any more."""
        self._ready = None
        self._topology_watch.end()
        self._probe.end()
        # An alarm outlives a connection; the next one hears of it with its first probe.
        self.blocked = None
        self._say(unconnected(reason))
        self._confirms.lost(f"the connection ended before the broker confirmed ({reason})")

    @property
    def depths(self) -> Mapping[str, int]:
        """Ready messages by queue; empty while there is no connection, or the broker answers nothing on it."""
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
