"""The names and arguments that other teams hold on to."""

from worker.broker.topology.model import Binding, Exchange, Queue, Topology
from worker.domain.deliveries import Destination

TOPOLOGY = Topology("shop")


def test_every_name_begins_with_the_prefix() -> None:
    names = [item.name for item in TOPOLOGY if isinstance(item, Exchange | Queue)]

    assert sorted(names) == [
        "shop.commands",
        "shop.commands.00",
        "shop.dead-letters",
        "shop.dead-letters",
        "shop.events",
        "shop.events.unrouted",
        "shop.events.unrouted",
    ]


def test_a_destination_is_an_exchange_of_the_topology() -> None:
    exchanges = {exchange.name for exchange in TOPOLOGY.exchanges}

    assert {TOPOLOGY.exchange_for(destination) for destination in Destination} <= exchanges


def test_commands_wait_in_one_ordered_queue_that_never_drops() -> None:
    queue = next(queue for queue in TOPOLOGY.queues if queue.name == "shop.commands.00")

    assert dict(queue.arguments) == {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": 1_000_000,
        "x-dead-letter-exchange": "shop.dead-letters",
        "x-dead-letter-routing-key": "crash_loop",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def test_dead_letters_have_no_limit_and_no_end() -> None:
    queue = next(queue for queue in TOPOLOGY.queues if queue.name == "shop.dead-letters")

    assert dict(queue.arguments) == {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def test_events_that_nobody_bound_are_kept_for_a_week() -> None:
    events = next(exchange for exchange in TOPOLOGY.exchanges if exchange.name == "shop.events")
    unrouted = next(queue for queue in TOPOLOGY.queues if queue.name == "shop.events.unrouted")

    assert dict(events.arguments) == {"alternate-exchange": "shop.events.unrouted"}
    assert unrouted.arguments["x-message-ttl"] == 604_800_000
    assert unrouted.arguments["x-max-length-bytes"] == 1_073_741_824
    assert unrouted.arguments["x-overflow"] == "drop-head"


def test_what_is_referred_to_is_declared_before() -> None:
    order = [str(item) for item in TOPOLOGY]

    assert order.index("exchange shop.events.unrouted") < order.index("exchange shop.events")
    assert order.index("exchange shop.dead-letters") < order.index("queue shop.commands.00")
    assert all(not isinstance(item, Binding) for item in list(TOPOLOGY)[: -len(TOPOLOGY.bindings)])
