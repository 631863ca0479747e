"""What tests of the broker's room share: a topology of their own on a real broker, listeners that can be waited for."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import pika
import pytest
from pika.exceptions import AMQPError

from sandbox.servers.finding import OwnBroker
from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.amqp_line import BLOCKED_SECONDS
from tests.support.servers import session_broker
from worker.broker.address import BrokerAddress
from worker.broker.consume.consumer import Consumer, Subscription
from worker.broker.publish.publisher import Publisher
from worker.broker.topology.errands import inspect_topology, remove
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.domain.deliveries import Delivery, Destination, Outgoing, Properties
from worker.domain.ports import Intake, Settlement
from worker.domain.telemetry import Emit, discard_event

SECONDS = 60.0


def wait_for(condition: threading.Condition, is_true: Callable[[], bool], what: str) -> None:
    """Wait until something that others announce through the condition has come true; fail when it does not."""
    with condition:
        assert condition.wait_for(is_true, SECONDS), f"waited {SECONDS:g} s for {what}"


class RecordingIntake:
    """An Intake that remembers everything in the order it was given."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.recorded: list[str] = []
        self.deliveries: list[Delivery] = []
        self.fault: Exception | None = None

    def delivered(self, delivery: Delivery) -> None:
        """Remember it; raise the fault that was asked for, once."""
        fault, self.fault = self.fault, None
        with self.changed:
            self.recorded.append(f"{delivery.receipt.epoch}:{delivery.body.decode(errors='replace')}")
            self.deliveries.append(delivery)
            self.changed.notify_all()
        if fault is not None:
            raise fault

    def consuming(self, epoch: int) -> None:
        """Remember it."""
        self._record(f"{epoch}:consuming")

    def lost(self, epoch: int) -> None:
        """Remember it."""
        self._record(f"{epoch}:lost")

    def await_count(self, count: int) -> list[Delivery]:
        """Wait until so many deliveries have come in all, redelivered ones included."""
        wait_for(self.changed, lambda: len(self.deliveries) >= count, f"{count} deliveries, got {len(self.deliveries)}")
        return list(self.deliveries)

    def await_recorded(self, entry: str) -> None:
        """Wait until this entry was recorded."""
        wait_for(self.changed, lambda: entry in self.recorded, f"{entry} in {self.recorded}")

    def bodies(self, epoch: int) -> list[str]:
        """What one epoch delivered, in its order."""
        return [delivery.body.decode() for delivery in self.deliveries if delivery.receipt.epoch == epoch]

    def _record(self, entry: str) -> None:
        with self.changed:
            self.recorded.append(entry)
            self.changed.notify_all()


class AckingIntake(RecordingIntake):
    """An Intake that settles everything at once, so that a whole queue passes through it."""

    settlement: Settlement

    def delivered(self, delivery: Delivery) -> None:
        """Remember and settle."""
        super().delivered(delivery)
        self.settlement.ack(delivery.receipt)


@dataclass(slots=True)
class BrokerClient:
    """A topology of its own on the broker, and a plain pika channel to prepare and to look with."""

    url: str
    topology: Topology
    connection: Any = None
    channel: Any = None
    address: BrokerAddress | None = None

    def command(self, body: bytes, properties: pika.BasicProperties | None = None) -> None:
        """Publish one command, confirmed."""
        self.channel.basic_publish(self.topology.commands, "any", body, properties or persistent(), mandatory=True)

    def commands(self, count: int) -> None:
        """Publish commands whose bodies are 0, 1, 2 ..."""
        for number in range(count):
            self.command(str(number).encode())

    def ready(self, queue: str) -> int:
        """How many messages wait in a queue."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def take_all(self, queue: str) -> list[tuple[Any, pika.BasicProperties, bytes]]:
        """Take everything out of a queue."""
        taken: list[tuple[Any, pika.BasicProperties, bytes]] = []
        while True:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return taken
            taken.append((method, properties, body))

    def consumer(
        self, intake: Intake, emit: Emit = discard_event, *, prefetch: int = 50, mode: Mode = Mode.APPLY
    ) -> Consumer:
        """Make a consumer of the command queue; it is not started."""
        address = self.address or BrokerAddress(self.url)
        subscription = Subscription(self.topology, self.topology.command_queues, prefetch, mode)
        return Consumer(lambda: address, subscription, intake, emit)

    def publisher(self, emit: Emit = discard_event, *, patience_seconds: float = SECONDS) -> Publisher:
        """Make a publisher; it is not started."""
        address = self.address or BrokerAddress(self.url)
        return Publisher(lambda: address, self.topology, emit, Mode.APPLY, patience_seconds)

    def by_way_of(self, port: int) -> "BrokerClient":
        """Return the same broker_client, whose consumers and publishers connect to another port."""
        own_port = str(urlsplit(self.url).port)
        return self.at(BrokerAddress(self.url.replace(own_port, str(port))))

    def at(self, address: BrokerAddress) -> "BrokerClient":
        """Return the same broker_client, whose consumers and publishers use another address."""
        return replace(self, address=address)

    def reconnect(self) -> None:
        """Open the plain channel anew, after its connection was broken on purpose."""
        self.disconnect()
        parameters = pika.URLParameters(self.url)
        parameters.blocked_connection_timeout = BLOCKED_SECONDS
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def disconnect(self) -> None:
        """Close the plain connection, whatever has become of it."""
        if self.connection is not None:
            with suppress(AMQPError):
                self.connection.close()

    def clear(self) -> None:
        """Delete everything with this prefix."""
        self.disconnect()
        remove(BrokerAddress(self.url), self.topology)


class Running(Protocol):
    """What can be started and stopped."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> bool:
        """End; False when it took too long."""


R = TypeVar("R", bound=Running)


@contextmanager
def running(startable: R) -> Iterator[R]:
    """Start it for a with-block; at its end it must stop in time."""
    startable.start()
    try:
        yield startable
    finally:
        stopped = startable.stop()
    assert stopped


@contextmanager
def plain_connection(url: str) -> Iterator[Any]:
    """Open a blocking connection for a with-block."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection
    finally:
        connection.close()


def persistent(**properties: Any) -> pika.BasicProperties:  # noqa: ANN401  # whatever pika takes
    """Make the properties of a message that survives."""
    return pika.BasicProperties(delivery_mode=2, **properties)  # type: ignore[no-untyped-call]  # pika's are generated


def event(message_id: str = "evt-1", body: bytes = b"{}", **properties: Any) -> Outgoing:  # noqa: ANN401  # Properties'
    """Make a result event to publish."""
    return Outgoing(
        Destination.EVENTS, "CustomerCreated.billing", body, Properties(message_id=message_id, **properties)
    )


def open_broker_client(broker: OwnBroker) -> BrokerClient:
    """Declare a topology under a fresh prefix."""
    topology = Topology(f"test-{uuid.uuid4().hex[:12]}")
    inspect_topology(BrokerAddress(broker.url), topology, Mode.APPLY).require_sound()
    broker_client = BrokerClient(broker.url, topology)
    broker_client.reconnect()
    return broker_client


@pytest.fixture(scope="session")
def broker() -> Iterator[OwnBroker]:
    """One private RabbitMQ for the whole session."""
    with session_broker() as started:
        yield started


@pytest.fixture(scope="session")
def managed_broker(broker: OwnBroker) -> PrivateRabbitmq:
    """The same one, for whoever asks its management API."""
    assert isinstance(broker, PrivateRabbitmq), "a container's broker has no management API"
    return broker


@pytest.fixture
def broker_client(broker: OwnBroker) -> Iterator[BrokerClient]:
    """A topology under a fresh prefix, deleted afterwards."""
    opened = open_broker_client(broker)
    try:
        yield opened
    finally:
        opened.clear()


@pytest.fixture
def intake() -> RecordingIntake:
    """Somebody who takes deliveries."""
    return RecordingIntake()


@pytest.fixture
def observer() -> RecordingTelemetry:
    """Somebody who hears of connections."""
    return RecordingTelemetry()
