"""What the broker itself takes out of the command queue is known from a crash loop by the dead letter's first death."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.broker_tools import BrokerClient, persistent
from tests.support.waiting import wait_for

SetPolicy = Callable[[str], None]
Way = Callable[[BrokerClient, SetPolicy], None]


@pytest.fixture
def set_policy(broker: OwnBroker, broker_client: BrokerClient) -> Iterator[SetPolicy]:
    """Set a policy for the command queue, as a person would; it goes with the test."""
    name = broker_client.topology.prefix

    def define(definition: str) -> None:
        broker.ctl("set_policy", "--apply-to", "queues", name, f"^{name}\\.commands\\.00$", definition)
        shown = f"{broker_client.topology.command_queues[0]}\t{name}"
        wait_for(lambda: shown in broker.ctl("list_queues", "name", "policy"), "the policy in effect")

    yield define
    if name in broker.ctl("list_policies"):
        broker.ctl("clear_policy", name)


def expiration(broker_client: BrokerClient, _set_policy: SetPolicy) -> None:
    broker_client.command(b"thrown out", persistent(expiration="1"))


def time_to_live(broker_client: BrokerClient, set_policy: SetPolicy) -> None:
    set_policy('{"message-ttl": 1}')
    broker_client.command(b"thrown out")


def too_long(broker_client: BrokerClient, set_policy: SetPolicy) -> None:
    set_policy('{"max-length": 1, "overflow": "drop-head"}')
    broker_client.command(b"thrown out")
    broker_client.command(b"kept")


def rejection(broker_client: BrokerClient, _set_policy: SetPolicy) -> None:
    broker_client.command(b"thrown out")
    _consume(broker_client, lambda tag: broker_client.channel.basic_reject(tag, requeue=False), times=1)


def delivery_limit(broker_client: BrokerClient, set_policy: SetPolicy) -> None:
    set_policy('{"delivery-limit": 1}')
    broker_client.command(b"thrown out")
    _consume(broker_client, lambda tag: broker_client.channel.basic_reject(tag, requeue=True), times=2)


def _consume(broker_client: BrokerClient, answer: Callable[[int], None], times: int) -> None:
    delivered = broker_client.channel.consume(broker_client.topology.command_queues[0], inactivity_timeout=60)
    for method, _, _ in islice(delivered, times):
        assert method is not None, "nothing was delivered"
        answer(method.delivery_tag)
    broker_client.channel.cancel()


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        (expiration, "expired"),
        (time_to_live, "expired"),
        (too_long, "maxlen"),
        (rejection, "rejected"),
        (delivery_limit, "delivery_limit"),
    ],
)
def test_the_dead_letter_has_no_header_of_ours_and_says_in_its_deaths_why(
    broker_client: BrokerClient, set_policy: SetPolicy, way: Way, reason: str
) -> None:
    way(broker_client, set_policy)
    wait_for(lambda: broker_client.ready(broker_client.topology.dead_letters), "the dead letter")

    ((method, properties, body),) = broker_client.take_all(broker_client.topology.dead_letters)

    headers: dict[str, Any] = properties.headers or {}
    assert (method.routing_key, body) == ("crash_loop", b"thrown out")
    assert not any(name.startswith("provisioning-") for name in headers)
    first = headers["x-death"][0]
    assert (first["reason"], first["queue"]) == (reason, broker_client.topology.command_queues[0])
