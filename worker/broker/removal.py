"""Takes a topology away again, for a demonstration on somebody else's broker."""

from contextlib import suppress

import pika
from pika.exceptions import AMQPError

from worker.broker.address import BrokerAddress, Role
from worker.broker.topology import Topology


def remove(address: BrokerAddress, topology: Topology) -> None:
    """Delete every queue and exchange of the prefix, with what is in them; what is not there is no error."""
    with suppress(AMQPError, OSError):
        connection = pika.BlockingConnection(address.parameters(Role.ERRAND))
        try:
            channel = connection.channel()
            for queue in topology.queues:
                channel.queue_delete(queue.name)
            for exchange in topology.exchanges:
                channel.exchange_delete(exchange.name)
        finally:
            connection.close()
