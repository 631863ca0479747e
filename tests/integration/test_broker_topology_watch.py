"""What somebody deletes at a real broker while the worker is connected."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pika.exceptions import AMQPChannelError, UnroutableError

from sandbox.servers.finding import OwnBroker
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.broker_tools import BrokerClient, RecordingIntake, running
from tests.support.waiting import wait_for
from worker.broker.address import BrokerAddress
from worker.broker.publish.publisher import Publisher
from worker.broker.topology import watch
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Binding, Exchange, Item, Topology
from worker.broker.topology.survey import Mode
from worker.domain.telemetry import TopologyComplete, TopologyDeclaredAgain, TopologyIncomplete, discard_event

PLAIN = Topology("p")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look with every tick of the loop."""
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 0.0)


def delete(broker_client: BrokerClient, item: Item) -> None:
    if isinstance(item, Binding):
        broker_client.channel.queue_unbind(item.queue, item.exchange, item.routing_key)
    elif isinstance(item, Exchange):
        broker_client.channel.exchange_delete(item.name)
    else:
        broker_client.channel.queue_delete(item.name)


def reaches(broker_client: BrokerClient, exchange: str, queue: str) -> bool:
    """Whether what is published to the exchange is in the queue then."""
    try:
        broker_client.channel.basic_publish(exchange, "any", b"{}", mandatory=True)
    except UnroutableError:
        return False
    except AMQPChannelError:
        broker_client.reconnect()
        return False
    return broker_client.ready(queue) > 0


def whole_again(broker_client: BrokerClient) -> None:
    """Wait until each way of the topology leads to its queue, and an event that nobody bound to its own."""
    topology = broker_client.topology
    ways = [(each.exchange, each.queue) for each in topology.bindings] + [(topology.events, topology.unrouted)]
    for exchange, queue in ways:
        wait_for(partial(reaches, broker_client, exchange, queue), f"a way from {exchange} to {queue}")


@pytest.mark.parametrize("place", range(len(list(PLAIN))), ids=[str(item) for item in PLAIN])
def test_what_was_deleted_is_there_again_while_nobody_publishes(broker_client: BrokerClient, place: int) -> None:
    with running(broker_client.publisher(discard_event)) as publisher:
        wait_for(lambda: publisher.state.connected, "a connection")
        delete(broker_client, list(broker_client.topology)[place])
        whole_again(broker_client)


def test_everything_at_once_comes_back_and_is_reported(
    broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    topology = broker_client.topology
    with running(broker_client.publisher(observer)) as publisher:
        wait_for(lambda: publisher.state.connected, "a connection")
        for item in topology:
            # The events exchange is the publisher's own: without it the connection is given up.
            if not isinstance(item, Binding) and str(item) != f"exchange {topology.events}":
                delete(broker_client, item)
        whole_again(broker_client)
        again = {item for event in observer.of(TopologyDeclaredAgain) for item in event.declared}

    assert {str(item) for item in topology.queues} <= again
    assert f"exchange {topology.commands}" in again
    assert observer.of(TopologyIncomplete) == []


def test_a_consumer_whose_queue_was_deleted_gets_what_is_published_to_the_new_one(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    with running(broker_client.consumer(intake, discard_event)):
        intake.await_recorded("1:consuming")
        delete(broker_client, broker_client.topology.queues[-1])
        intake.await_recorded("2:consuming")
        broker_client.command(b"after")
        intake.await_recorded("2:after")


def looking(broker_client: BrokerClient, observer: RecordingTelemetry) -> Publisher:
    """Make a publisher that may declare nothing."""
    address = BrokerAddress(broker_client.url)
    return Publisher(lambda: address, broker_client.topology, observer, Mode.LOOK)


@pytest.mark.parametrize(
    "which",
    [lambda it: it.exchanges[-1], lambda it: it.exchanges[0], lambda it: it.queues[-1], lambda it: it.queues[1]],
    ids=["commands exchange", "alternate exchange", "commands queue", "dead-letter queue"],
)
def test_who_may_not_declare_says_what_is_missing_and_when_it_is_there_again(
    broker_client: BrokerClient, observer: RecordingTelemetry, which: Callable[[Topology], Any]
) -> None:
    item = which(broker_client.topology)
    with running(looking(broker_client, observer)) as publisher:
        wait_for(lambda: publisher.state.connected, "a connection")
        delete(broker_client, item)
        (fault,) = observer.await_event(TopologyIncomplete).missing
        assert publisher.topology_faults == (fault,)
        inspect_topology(BrokerAddress(broker_client.url), broker_client.topology, Mode.APPLY).require_sound()
        observer.await_event(TopologyComplete)
        assert not publisher.topology_faults
        assert publisher.state.connected

    assert fault.startswith(f"{item}: NOT_FOUND")
    assert "topology apply" in fault
    assert observer.of(TopologyDeclaredAgain) == []


def test_a_login_that_may_not_declare_learns_of_what_is_missing_alone(
    broker: OwnBroker, broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    """Set to declare, it is refused each time; what is there counts as there all the same."""
    prefix = broker_client.topology.prefix
    user = f"narrow-{prefix}"
    broker.ctl("add_user", user, "secret")
    try:
        broker.ctl("set_permissions", user, "^$", f"^{prefix}\\.(events|dead-letters)$", f"^{prefix}\\.commands\\.00$")
        narrow = broker_client.at(BrokerAddress(broker_client.url.replace("guest:guest", f"{user}:secret")))
        with running(narrow.publisher(observer)) as publisher:
            wait_for(lambda: publisher.state.connected, "a connection")
            delete(broker_client, broker_client.topology.exchanges[-1])
            faults = observer.await_event(TopologyIncomplete).missing
    finally:
        broker.ctl("delete_user", user)

    assert faults
    assert all(broker_client.topology.commands in fault for fault in faults)
    assert "configure right" in faults[0]


def test_the_depths_follow_with_every_look(broker_client: BrokerClient) -> None:
    queue = broker_client.topology.command_queues[0]
    with running(broker_client.publisher(discard_event)) as publisher:
        wait_for(lambda: publisher.depths.get(queue) == 0, "the depth of an empty queue")
        broker_client.commands(2)

        wait_for(lambda: publisher.depths.get(queue) == 2, "the depth of a queue with two messages")
        delete(broker_client, next(each for each in broker_client.topology.queues if each.name == queue))

        wait_for(lambda: publisher.depths.get(queue) == 0, "the depth of the queue that was declared again")
