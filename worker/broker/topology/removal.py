"""Deletes what was declared: a whole topology after a demonstration, or one exchange that is declared anew."""

from contextlib import suppress

import pika
from pika.exceptions import AMQPError

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.faults import words
from worker.broker.topology.model import Topology
from worker.errors import BrokerUnreachable


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
