"""The message broker, behind the worker's own ports: the only room that knows pika.

Two connections, each on a thread of its own: `Consumer` (also the Settlement port) and `Publisher` (the EventPublisher
port). Both keep dialling until they are stopped, look at the topology on every new connection, and tell a
`BrokerObserver` what happens to them. `inspect_topology` is for a person's one-shot question.
"""

from worker.broker.address import AddressSource, BrokerAddress, Role
from worker.broker.consumer import Consumer, Subscription
from worker.broker.findings import Condition, Finding, Mode, Report
from worker.broker.inspection import inspect_topology
from worker.broker.loop import LoopState
from worker.broker.observing import BrokerObserver, SilentObserver
from worker.broker.publisher import Publisher, PublishLimits
from worker.broker.removal import remove_exchange
from worker.broker.topology import Topology

__all__ = [
    "AddressSource",
    "BrokerAddress",
    "BrokerObserver",
    "Condition",
    "Consumer",
    "Finding",
    "LoopState",
    "Mode",
    "PublishLimits",
    "Publisher",
    "Report",
    "Role",
    "SilentObserver",
    "Subscription",
    "Topology",
    "inspect_topology",
    "remove_exchange",
]
