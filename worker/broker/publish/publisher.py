"""Publishes and waits until the broker has confirmed: the only way a message of ours counts as published."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from worker.broker.address import AddressSource, Role
from worker.broker.connection.loop import BrokerLoop, LoopState
from worker.broker.publish.confirms import PendingPublish, take_all
from worker.broker.publish.session import PublishSession
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.domain.deliveries import Destination, Outgoing
from worker.domain.telemetry import Emit, unheard
from worker.errors import PublishFailed, Unpublishable

PATIENCE_SECONDS = 30.0
STOPPED = "the publisher has been stopped"


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
        emit: Emit = unheard,
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
        """Whether the connection's thread runs and does not hang, connected or not."""
        return self._loop.alive

    @property
    def state(self) -> LoopState:
        """Whether the connection lives and works."""
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
