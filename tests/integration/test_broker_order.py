"""A standby takes a single-active-consumer queue over: what comes back must come before what follows it.

Cancelling the consumer, or closing its channel as pika does (which cancels first), activates the standby before the
unacknowledged messages are back in the queue: it gets 20, 21, 22 ... and only then 0, 1, 2. These tests fail then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.broker_tools import AckingIntake, BrokerClient, RecordingIntake, running
from worker.broker.consume.consumer import Consumer
from worker.domain.telemetry import discard_event

PREFETCH = 20
COMMANDS = 60
SETTLED = (3, 4, 7, 12, 18)
LEFT = [str(number) for number in range(COMMANDS) if number not in SETTLED]


@contextmanager
def standing_by(broker_client: BrokerClient) -> Iterator[tuple[RecordingIntake, Consumer, AckingIntake]]:
    """Run a consumer that holds a full window, and a second one behind it that waits for its turn."""
    active, standby = RecordingIntake(), AckingIntake()
    first = broker_client.consumer(active, discard_event, prefetch=PREFETCH)
    second = broker_client.consumer(standby, discard_event, prefetch=PREFETCH)
    standby.settlement = second
    with running(first):
        active.await_recorded("1:consuming")
        with running(second):
            standby.await_recorded("1:consuming")
            yield active, first, standby


@pytest.mark.parametrize("leave", [Consumer.stop, Consumer.give_back], ids=["stopped", "given back"])
def test_what_was_held_reaches_the_standby_first_and_in_order(
    broker_client: BrokerClient, leave: Callable[[Consumer], object]
) -> None:
    with standing_by(broker_client) as (active, first, standby):
        broker_client.commands(COMMANDS)
        held = active.await_count(PREFETCH)
        for number in SETTLED:
            first.ack(held[number].receipt)
        leave(first)
        standby.await_count(COMMANDS - len(SETTLED))

    assert standby.bodies(1)[: len(LEFT)] == LEFT


def test_a_handover_in_the_middle_of_a_stream_keeps_the_order(broker_client: BrokerClient) -> None:
    """Deliveries are on their way to the one that leaves while it leaves."""
    with standing_by(broker_client) as (active, first, standby):
        for number in range(200):
            broker_client.command(str(number).encode())
            if number == 30:
                held = active.await_count(PREFETCH)
                for delivery in held[:10]:
                    first.ack(delivery.receipt)
                first.give_back()
        standby.await_count(190)

    assert standby.bodies(1) == [str(number) for number in range(10, 200)]
