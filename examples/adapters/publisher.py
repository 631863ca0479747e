"""Hands a command to the broker, and says whether the broker has it."""

import json

import pika
from pika.exceptions import AMQPError

from .translation import Command

_CONNECT_SECONDS = 5
_BLOCKED_SECONDS = 5


class NotTaken(Exception):
    """The broker could not be reached, refused the command, or had no queue for it."""


class Publisher:
    """A connection for each command: webhooks are few, and none is then sent over a connection that has died."""

    def __init__(self, amqp_url: str, prefix: str) -> None:
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.socket_timeout = self._parameters.stack_timeout = _CONNECT_SECONDS
        self._parameters.blocked_connection_timeout = _BLOCKED_SECONDS
        self._exchange = f"{prefix}.commands"

    def publish(self, command: Command) -> None:
        """Return once it is on the broker's disk. Raises NotTaken when that is not certain.

        A broker that answers nothing is waited for. The vendor gives up before that, and sends its webhook again.
        """
        properties = pika.BasicProperties(
            content_type="application/cloudevents+json", delivery_mode=2, message_id=command["id"]
        )
        body = json.dumps(command).encode()
        try:
            with pika.BlockingConnection(self._parameters) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                channel.basic_publish(self._exchange, command["type"], body, properties, mandatory=True)
        except (AMQPError, OSError) as error:
            raise NotTaken(f"{command['id']} was not taken: {type(error).__name__}") from error
