"""What the demonstration does at the broker as any emitter would: publish, and delete the queues it caused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from sandbox.demo.messages import Message
from sandbox.servers.errors import ServerUnavailable

_SOCKET_TIMEOUT_SECONDS = 5.0
_QUEUES = ("commands.00", "dead-letters", "events.unrouted")
_EXCHANGES = ("commands", "dead-letters", "events", "events.unrouted")


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """A blocking connection of pika's. Raises ServerUnavailable when it fails, also later on."""
    try:
        parameters = pika.URLParameters(url)
        # It rests while the demonstration does other things; nobody answers heartbeats for it then.
        parameters.heartbeat = 0
        parameters.socket_timeout = _SOCKET_TIMEOUT_SECONDS
        connection = pika.BlockingConnection(parameters)
        try:
            yield connection
        finally:
            with suppress(AMQPError, OSError):
                connection.close()
    except (AMQPError, OSError) as exc:
        raise ServerUnavailable(
            f"The broker of the demonstration cannot be used any more ({type(exc).__name__})."
        ) from exc


def publish(url: str, prefix: str, messages: Sequence[Message]) -> None:
    """Publish them in order: persistent, mandatory, each confirmed before the next. Raises ServerUnavailable."""
    with connected(url) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for message in messages:
            properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
                content_type=message.content_type,
                message_id=message.id,
                type=message.type,
                app_id=message.source,
                delivery_mode=2,
            )
            channel.basic_publish(f"{prefix}.commands", message.type, message.body, properties, mandatory=True)


def delete_topology(url: str, prefix: str) -> None:
    """Delete the worker's queues and exchanges of this prefix; a broker that is gone has none."""
    with suppress(ServerUnavailable), connected(url) as connection:
        channel = connection.channel()
        for queue in _QUEUES:
            channel.queue_delete(f"{prefix}.{queue}")
        for exchange in _EXCHANGES:
            channel.exchange_delete(f"{prefix}.{exchange}")
