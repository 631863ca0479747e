"""The billing system's side of the broker: sends commands, counts and hears the events, and settles the account."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from bench.envelopes import Wrapping, plain
from bench.orders import BenchOrder
from bench.work import PERSISTENT
from sandbox.servers.errors import ServerFailed
from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.topology.errands import inspect_topology, remove
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode

_LOOK_SECONDS = 0.01
_SILENCE_SECONDS = 30.0
#: What Dramatiq declares beside the queue that it consumes.
_BESIDE = (".DQ", ".XQ")


class BillingClient:
    """One run's own topology, with a quorum queue bound to every event, as a billing system would have it.

    `wrapping` puts each command into the envelope of whoever is to take it.
    """

    def __init__(self, connection: Any, topology: Topology, wrapping: Wrapping) -> None:  # noqa: ANN401 - pika ships no types
        self._connection = connection
        self._channel = connection.channel()
        self._topology = topology
        self._wrapping = wrapping
        self._events = _events_queue(topology)
        self._channel.queue_declare(self._events, durable=True, arguments={"x-queue-type": "quorum"})
        self._channel.queue_bind(self._events, topology.events, "#")
        self._sent: dict[str, float] = {}
        self._answers: Counter[str] = Counter()
        self._failures = 0
        self._delays: list[float] = []
        self._listening = False

    @property
    def prefix(self) -> str:
        """The first part of every name of this run."""
        return self._topology.prefix

    @property
    def queue(self) -> str:
        """The queue of the commands."""
        (queue,) = self._topology.command_queues
        return queue

    def send(self, commands: Iterable[BenchOrder]) -> None:
        """Publish all, and return when all of them lie in the queue: a quorum queue counts what is committed.

        Nobody may consume it meanwhile.
        """
        before, known = self._depth(self.queue), len(self._sent)
        for command in commands:
            self._publish(command)
        wanted = before + len(self._sent) - known
        self._until(lambda: self._depth(self.queue), wanted, "commands in the queue")

    def count_events(self) -> int:
        """Count the events so far."""
        return self._depth(self._events) + self._answers.total()

    def paced(self, commands: Sequence[BenchOrder], per_second: float) -> Sequence[float]:
        """Publish evenly, so many in a second; return the seconds from each publish to its event, sorted.

        Everything that was sent before must have its event.
        """
        self._listen(len(self._sent))
        self._delays = []
        started = time.monotonic()
        for number, command in enumerate(commands):
            due = started + number / per_second
            # Also when it is late: the events that have come are not to wait for it to catch up.
            self._connection.process_data_events(time_limit=0)
            while (early := due - time.monotonic()) > 0:
                self._connection.process_data_events(time_limit=early)
            self._publish(command)
        self._listen(len(self._sent))
        return sorted(self._delays)

    def settle(self, *, whole: bool = True) -> None:
        """Hear all events that are left, once whoever sent them has ended.

        Raises ServerFailed unless each command has one event (one at most, unless `whole`), and none is a failure.
        """
        while self._depth(self._events):
            self._listen(self.count_events())
        twice = sum(count > 1 for count in self._answers.values())
        strange = sum(answered not in self._sent for answered in self._answers)
        missing = len(self._sent) - len(self._answers) + strange
        if self._failures or twice or strange or (whole and missing):
            raise ServerFailed(
                f"Of {len(self._sent)} commands {missing} have no event and {twice} have several; {strange} events are "
                f"of no command of ours, {self._failures} tell of a failure: what was measured is no proper work."
            )

    def _publish(self, command: BenchOrder) -> None:
        envelope = self._wrapping(command, self.queue)
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
            content_type=envelope.content_type,
            content_encoding=envelope.encoding,
            headers=envelope.headers or None,
            correlation_id=envelope.correlation_id,
            delivery_mode=PERSISTENT,
        )
        self._sent[command.id] = time.monotonic()
        self._channel.basic_publish(self._topology.commands, command.type, envelope.body, properties)

    def _listen(self, wanted: int) -> None:
        """Hear so many events in all."""
        if not self._listening:
            self._listening = True
            self._channel.basic_consume(self._events, self._receive, auto_ack=True)
        self._until(self._answers.total, wanted, "events")

    def _receive(self, _channel: object, _method: object, _properties: object, body: bytes) -> None:
        now = time.monotonic()
        event = json.loads(body)
        answered = event["data"]["command_id"]
        self._answers[answered] += 1
        self._failures += event["type"] == "CommandFailed"
        if answered in self._sent:
            self._delays.append(now - self._sent[answered])

    def _until(self, count: Callable[[], int], wanted: int, what: str) -> None:
        newest, newest_at = -1, time.monotonic()
        while (now_there := count()) < wanted:
            if now_there > newest:
                newest, newest_at = now_there, time.monotonic()
            if time.monotonic() - newest_at > _SILENCE_SECONDS:
                raise ServerFailed(
                    f"There were only {now_there} of {wanted} {what}, and for half a minute no more came."
                )
            self._connection.process_data_events(time_limit=_LOOK_SECONDS)

    def _depth(self, queue: str) -> int:
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)


@contextmanager
def billing_client(address: BrokerAddress, wrapping: Wrapping = plain) -> Iterator[BillingClient]:
    """Make a topology under a name that nobody else has, and take all of it away at the end."""
    topology = Topology(f"bench-{uuid.uuid4().hex[:8]}")
    try:
        inspect_topology(address, topology, Mode.APPLY).require_sound()
        with _connection(address) as connection:
            yield BillingClient(connection, topology, wrapping)
    except AMQPError as exc:
        raise ServerFailed(f"The broker at {address} does not do what it should: {exc!r}.") from exc
    finally:
        remove(address, topology)
        # On a connection of its own: whatever ended the run may have ended the other one too.
        with suppress(AMQPError, OSError), _connection(address) as connection:
            channel = connection.channel()
            for queue in (_events_queue(topology), *(f"{topology.prefix}.commands.00{name}" for name in _BESIDE)):
                channel.queue_delete(queue)


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
