"""What the broker itself takes out of the command queue is told from a crash loop by the letter's first death."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.broker_tools import Desk, persistent
from tests.support.waiting import wait_for

SetPolicy = Callable[[str], None]
Way = Callable[[Desk, SetPolicy], None]


@pytest.fixture
def set_policy(broker: OwnBroker, desk: Desk) -> Iterator[SetPolicy]:
    """Set a policy for the command queue, as a person would; it goes with the test."""
    name = desk.topology.prefix

    def define(definition: str) -> None:
        broker.ctl("set_policy", "--apply-to", "queues", name, f"^{name}\\.commands\\.00$", definition)
        shown = f"{desk.topology.command_queues[0]}\t{name}"
        wait_for(lambda: shown in broker.ctl("list_queues", "name", "policy"), "the policy in effect")

    yield define
    if name in broker.ctl("list_policies"):
        broker.ctl("clear_policy", name)


def expiration(desk: Desk, _set_policy: SetPolicy) -> None:
    desk.command(b"thrown out", persistent(expiration="1"))


def time_to_live(desk: Desk, set_policy: SetPolicy) -> None:
    set_policy('{"message-ttl": 1}')
    desk.command(b"thrown out")


def too_long(desk: Desk, set_policy: SetPolicy) -> None:
    set_policy('{"max-length": 1, "overflow": "drop-head"}')
    desk.command(b"thrown out")
    desk.command(b"kept")


def rejection(desk: Desk, _set_policy: SetPolicy) -> None:
    desk.command(b"thrown out")
    _consume(desk, lambda tag: desk.channel.basic_reject(tag, requeue=False), times=1)


def delivery_limit(desk: Desk, set_policy: SetPolicy) -> None:
    set_policy('{"delivery-limit": 1}')
    desk.command(b"thrown out")
    _consume(desk, lambda tag: desk.channel.basic_reject(tag, requeue=True), times=2)


def _consume(desk: Desk, answer: Callable[[int], None], times: int) -> None:
    delivered = desk.channel.consume(desk.topology.command_queues[0], inactivity_timeout=60)
    for method, _, _ in islice(delivered, times):
        assert method is not None, "nothing was delivered"
        answer(method.delivery_tag)
    desk.channel.cancel()


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
def test_the_letter_has_no_header_of_ours_and_says_in_its_deaths_why(
    desk: Desk, set_policy: SetPolicy, way: Way, reason: str
) -> None:
    way(desk, set_policy)
    wait_for(lambda: desk.ready(desk.topology.dead_letters), "the dead letter")

    ((method, properties, body),) = desk.take_all(desk.topology.dead_letters)

    headers: dict[str, Any] = properties.headers or {}
    assert (method.routing_key, body) == ("crash_loop", b"thrown out")
    assert not any(name.startswith("provisioning-") for name in headers)
    first = headers["x-death"][0]
    assert (first["reason"], first["queue"]) == (reason, desk.topology.command_queues[0])
