"""The billing system: it publishes commands as one should, and receives their events and dead letters."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pika

from tests.support.amqp_line import Line
from tests.support.commands import ROUTING_KEY, Command, Message
from tests.support.waiting import PATIENCE_SECONDS, wait_for

_OURS = "provisioning-"
QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One event or dead letter as it arrived."""

    routing_key: str
    body: bytes
    properties: Any

    @property
    def headers(self) -> dict[str, Any]:
        """Its headers."""
        return dict(self.properties.headers or {})

    @property
    def worker_headers(self) -> dict[str, Any]:
        """The headers of a dead letter that the worker has written, without their prefix."""
        return {name[len(_OURS) :]: value for name, value in self.headers.items() if name.startswith(_OURS)}

    @property
    def event(self) -> Any:  # noqa: ANN401  # any JSON
        """Its envelope."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:  # noqa: ANN401  # any JSON
        """What the envelope carries."""
        return self.event["data"]


class Emitter:
    """Publishes: persistent, mandatory, each one confirmed before the next, and again when that is not certain."""

    def __init__(self, url: str, prefix: str) -> None:
        self._line = Line(url)
        self._exchange = f"{prefix}.commands"

    def publish(self, *messages: Message | Command) -> None:
        """Publish these in their order."""
        for message in messages:
            self._line.use(partial(self._publish, message.message() if isinstance(message, Command) else message))

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _publish(self, message: Message, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
        properties = pika.BasicProperties(delivery_mode=2, **message.properties)  # type: ignore[no-untyped-call]  # pika
        channel.basic_publish(self._exchange, ROUTING_KEY, message.body, properties, mandatory=True)


class EventListener:
    """Hears every event and every dead letter of a prefix; its queues are durable and outlive any restart."""

    def __init__(self, url: str, prefix: str) -> None:
        self._line = Line(url)
        self._exchanges = {
            f"{prefix}.received.events": f"{prefix}.events",
            f"{prefix}.received.dead-letters": f"{prefix}.dead-letters",
        }
        self._events, self._dead_letters = self._exchanges
        self.events: list[ReceivedMessage] = []
        self.dead_letters: list[ReceivedMessage] = []

    @property
    def queues(self) -> tuple[str, ...]:
        """Its own queues."""
        return self._events, self._dead_letters

    def bind(self) -> None:
        """Declare the queues; what is published before is not received."""
        for queue, exchange in self._exchanges.items():
            self._line.use(partial(_bind, queue, exchange))

    def unbind_events(self) -> None:
        """Be deaf for events; `bind` ends it."""
        exchange = self._exchanges[self._events]
        self._line.use(lambda channel: channel.queue_unbind(self._events, exchange, "#"))

    def listen_to(self, queue: str) -> None:
        """Take in the events that went to another queue."""
        self.events += self._line.use(partial(_take_all, queue))

    def listen(self) -> None:
        """Take in what has arrived."""
        self.events += self._line.use(partial(_take_all, self._events))
        self.dead_letters += self._line.use(partial(_take_all, self._dead_letters))

    def events_of(self, command: Command) -> list[ReceivedMessage]:
        """Return everything received so far about one command, repeats included."""
        return [received for received in self.events if received.data["command_id"] == command.id]

    def await_events(self, commands: Sequence[Command], seconds: float = PATIENCE_SECONDS) -> list[ReceivedMessage]:
        """Wait until something was received about each; return the first about each."""
        missing = {command.id for command in commands}
        first: dict[str, ReceivedMessage] = {}
        seen = 0

        def all_received() -> bool:
            nonlocal seen
            self.listen()
            for received in self.events[seen:]:
                first.setdefault(received.data["command_id"], received)
            seen = len(self.events)
            return missing <= first.keys()

        wait_for(all_received, f"the events of {len(missing)} commands", seconds)
        return [first[command.id] for command in commands]

    def await_event(self, command: Command) -> ReceivedMessage:
        """Wait for the first event about a command."""
        return self.await_events([command])[0]

    def await_count(self, count: int, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until so many events were received, repeats included."""

        def received() -> bool:
            self.listen()
            return len(self.events) >= count

        wait_for(received, f"{count} events", seconds)

    def await_dead_letter(self, message: Message | Command) -> ReceivedMessage:
        """Wait for the dead letter of a message, known by its body."""
        body = message.message().body if isinstance(message, Command) else message.body

        def dead_letter() -> ReceivedMessage | None:
            self.listen()
            return next((received for received in self.dead_letters if received.body == body), None)

        return wait_for(dead_letter, "its dead letter")

    def depth(self, queue: str) -> tuple[int, int]:
        """Return how many messages wait in a queue, and how many consumers it has."""
        answer = self._line.use(lambda channel: channel.queue_declare(queue, passive=True)).method
        return int(answer.message_count), int(answer.consumer_count)

    def delete(self, queues: Iterable[str], exchanges: Iterable[str]) -> None:
        """Delete these and its own queues, and hang up."""
        self._line.use(partial(_delete, (*queues, *self.queues), tuple(exchanges)))
        self._line.close()


def _bind(queue: str, exchange: str, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
    channel.queue_declare(queue, durable=True, arguments=QUORUM)
    channel.queue_bind(queue, exchange, "#")


def _delete(queues: Iterable[str], exchanges: Iterable[str], channel: Any) -> None:  # noqa: ANN401  # as above
    for queue in queues:
        channel.queue_delete(queue)
    for exchange in exchanges:
        channel.exchange_delete(exchange)


def _take_all(queue: str, channel: Any) -> list[ReceivedMessage]:  # noqa: ANN401  # pika's channel is untyped
    taken: list[ReceivedMessage] = []
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return taken
        taken.append(ReceivedMessage(method.routing_key, body, properties))
        channel.basic_ack(method.delivery_tag)
