"""The billing system's side of the broker: sends all commands beforehand, counts the events, reads them at the end."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from bench.orders import BenchOrder
from sandbox.servers.errors import ServerFailed
from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.topology.inspection import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.removal import remove
from worker.broker.topology.survey import Mode

_ARRIVAL_SECONDS = 60.0
_LOOK_SECONDS = 0.01
_SILENCE_SECONDS = 2.0
_PERSISTENT = 2


class Desk:
    """One run's own topology, with a quorum queue bound to every event, as a billing system would have it."""

    def __init__(self, connection: Any, topology: Topology) -> None:  # noqa: ANN401 - pika ships no types
        self._connection = connection
        self._channel = connection.channel()
        self._topology = topology
        self._heard = _events_queue(topology)
        self._channel.queue_declare(self._heard, durable=True, arguments={"x-queue-type": "quorum"})
        self._channel.queue_bind(self._heard, topology.events, "#")

    @property
    def prefix(self) -> str:
        """The first part of every name of this run."""
        return self._topology.prefix

    def send(self, commands: Sequence[BenchOrder]) -> None:
        """Publish all, and return when all of them lie in the queue: a quorum queue counts what is committed."""
        for command in commands:
            properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
                content_type="application/cloudevents+json", delivery_mode=_PERSISTENT
            )
            self._channel.basic_publish(self._topology.commands, command.type, command.body, properties)
        (queue,) = self._topology.command_queues
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while self._depth(queue) < len(commands):
            if time.monotonic() > deadline:
                raise ServerFailed(f"Not all {len(commands)} commands were in {queue} after {_ARRIVAL_SECONDS:g} s.")
            self._connection.sleep(_LOOK_SECONDS)

    def told(self) -> int:
        """Count the events that lie in the queue."""
        return self._depth(self._heard)

    def check(self, commands: Sequence[BenchOrder]) -> None:
        """Read all events. Raises ServerFailed unless each command has exactly one, and none of them is a failure."""
        events = list(self._events())
        answered = Counter(event["data"]["command_id"] for event in events)
        failed = sum(event["type"] == "CommandFailed" for event in events)
        if failed or answered != Counter(command.id for command in commands):
            raise ServerFailed(
                f"{len(commands)} commands were answered by {len(events)} events for {len(answered)} of them, "
                f"{failed} of them failures: what was measured is no proper work."
            )

    def _depth(self, queue: str) -> int:
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    def _events(self) -> Iterator[dict[str, Any]]:
        for method, _, body in self._channel.consume(self._heard, auto_ack=True, inactivity_timeout=_SILENCE_SECONDS):
            if method is None:
                self._channel.cancel()
                return
            yield json.loads(body)


@contextmanager
def desk(address: BrokerAddress) -> Iterator[Desk]:
    """Make a topology under a name that nobody else has, and take all of it away at the end."""
    topology = Topology(f"bench-{uuid.uuid4().hex[:8]}")
    try:
        inspect_topology(address, topology, Mode.APPLY).require_sound()
        with _connection(address) as connection:
            yield Desk(connection, topology)
    except AMQPError as exc:
        raise ServerFailed(f"The broker at {address} does not do what it should: {exc!r}.") from exc
    finally:
        remove(address, topology)
        # On a connection of its own: whatever ended the run may have ended the other one too.
        with suppress(AMQPError, OSError), _connection(address) as connection:
            connection.channel().queue_delete(_events_queue(topology))


@contextmanager
def _connection(address: BrokerAddress) -> Iterator[Any]:
    connection = pika.BlockingConnection(connection_parameters(address, Role.ERRAND))
    try:
        yield connection
    finally:
        # A Ctrl-C in the middle of a frame leaves a connection that cannot be closed in order.
        with suppress(AMQPError):
            connection.close()


def _events_queue(topology: Topology) -> str:
    return f"{topology.prefix}.bench"
