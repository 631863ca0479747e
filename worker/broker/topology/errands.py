"""A person's errands at the broker, each on a connection of its own: one look at the topology, or its deletion."""

import threading
from contextlib import suppress

import pika
from pika.exceptions import AMQPError

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.loop import BrokerLoop
from worker.broker.connection.parameters import connection_parameters
from worker.broker.connection.wire import WireConnection
from worker.broker.faults import words
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.domain.telemetry import discard_event
from worker.errors import BrokerUnreachable

FAREWELL_SECONDS = 2.0


def inspect_topology(address: BrokerAddress, topology: Topology, mode: Mode, timeout_seconds: float = 15.0) -> Survey:
    """Survey the broker once and report. Raises BrokerUnreachable when it cannot be asked within the time."""
    inspection = _Inspection(topology, mode)
    loop = inspection.loop = BrokerLoop(Role.ERRAND, lambda: address, discard_event)
    loop.start(inspection)
    try:
        inspection.over.wait(timeout_seconds)
    finally:
        loop.stop(WireConnection.close, FAREWELL_SECONDS)
    if inspection.report is None:
        reason = inspection.reason or f"no answer within {timeout_seconds:g} s"
        raise BrokerUnreachable(f"the broker at {address} cannot be asked: {reason}")
    return inspection.report


class _Inspection:
    """Session of the one connection: whichever ends first, the report or the attempt, ends the wait."""

    loop: BrokerLoop

    def __init__(self, topology: Topology, mode: Mode) -> None:
        self.over = threading.Event()
        self.report: Survey | None = None
        self.reason: str | None = None
        self._topology = topology
        self._mode = mode

    def opened(self, connection: WireConnection) -> None:
        """Begin the survey."""
        Surveyor(connection, self.loop.guard, self._surveyed).begin(self._topology, self._mode)

    def woken(self) -> None:
        """Nothing comes from other threads."""

    def ticked(self) -> None:
        """Nothing is due by the clock."""

    def closed(self, reason: str) -> None:
        """End the wait: a person would rather know now than have it tried again."""
        self.reason = reason
        self.over.set()

    def _surveyed(self, report: Survey) -> None:
        self.report = report
        self.over.set()


def remove(address: BrokerAddress, topology: Topology) -> None:
    """Delete every queue and exchange of the prefix, with what is in them; what is not there is no error."""
    with suppress(AMQPError, OSError):
        connection = pika.BlockingConnection(connection_parameters(address, Role.ERRAND))
        try:
            channel = connection.channel()
            for queue in topology.queues:
                channel.queue_delete(queue.name)
            for exchange in topology.exchanges:
                channel.exchange_delete(exchange.name)
        finally:
            connection.close()


def remove_exchange(address: BrokerAddress, name: str) -> None:
    """Delete one exchange and its bindings. Raises BrokerUnreachable with the broker's words when it is refused."""
    try:
        connection = pika.BlockingConnection(connection_parameters(address, Role.ERRAND))
        try:
            connection.channel().exchange_delete(name)
        finally:
            connection.close()
    except (AMQPError, OSError) as exc:
        raise BrokerUnreachable(f"the exchange {name} could not be deleted at {address}: {words(exc)}") from exc
