"""Receives what is published, for one-shot tools: from an exclusive queue that lives as long as the tool does.

A blocking connection is enough here: no event is lost with it, because the billing system's own queues keep them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pika
from pika.exceptions import AMQPError

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.errors import BrokerUnreachable


@dataclass(frozen=True, slots=True)
class PublishedMessage:
    """One message as it was published."""

    routing_key: str
    message_id: str | None
    headers: dict[str, Any]
    body: bytes


class ExchangeListener:
    """Listens to one exchange by binding keys. Raises BrokerUnreachable when the connection fails."""

    def __init__(self, address: BrokerAddress, exchange: str, keys: Sequence[str]) -> None:
        self._address = address
        self._exchange = exchange
        self._keys = tuple(keys)
        self._connection: Any = None
        self._channel: Any = None
        self._queue = ""

    def __enter__(self) -> Self:
        """Listen from now on: what is published before is not received."""
        try:
            self._connection = pika.BlockingConnection(connection_parameters(self._address, Role.ERRAND))
            self._channel = self._connection.channel()
            self._queue = self._channel.queue_declare("", exclusive=True).method.queue
            for key in self._keys:
                self.bind(key)
        except (AMQPError, OSError) as exc:
            raise self._unreachable(exc) from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; the queue goes with the connection."""
        with suppress(AMQPError, OSError):
            self._connection.close()

    def bind(self, key: str) -> None:
        """Hear what is published with this key too, from now on. For the thread that hears."""
        try:
            self._channel.queue_bind(self._queue, self._exchange, key)
        except (AMQPError, OSError) as exc:
            raise self._unreachable(exc) from exc

    def receive(self, silence_seconds: float) -> Iterator[PublishedMessage | None]:
        """Everything published from now on; None each time nothing came for so many seconds."""
        try:
            for method, properties, body in self._channel.consume(
                self._queue, auto_ack=True, inactivity_timeout=silence_seconds
            ):
                if method is None:
                    yield None
                else:
                    yield PublishedMessage(
                        method.routing_key, properties.message_id, dict(properties.headers or {}), body
                    )
        except (AMQPError, OSError) as exc:
            raise self._unreachable(exc) from exc

    def _unreachable(self, exc: Exception) -> BrokerUnreachable:
        return BrokerUnreachable(
            f"the broker at {self._address} cannot be listened to ({type(exc).__name__}); check "
            "PROVISIONING_AMQP__URL, that the broker runs, and that the worker's topology is there "
            "(`provisioning-worker topology apply`)"
        )
