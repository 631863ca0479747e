"""What every EventPublisher promises: the fake that other tests rely on, and the real one on a real broker."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import pytest

from tests.fakes.broker import FakePublisher
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.broker_tools import BrokerClient, event
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.ports import EventPublisher
from worker.domain.telemetry import BrokerConnected
from worker.errors import PublishFailed

DEAD_LETTER = Outgoing(Destination.DEAD_LETTERS, "invalid", b"\x00not json", Properties(message_id="letter-1"))

PATIENCE_SECONDS = 60.0


class Place(Protocol):
    """A publisher, and a look at what arrived where it publishes to."""

    @property
    def publisher(self) -> EventPublisher:
        """The one that is tested."""

    def arrived(self, destination: Destination) -> list[tuple[str, bytes, int | None, str | None]]:
        """Routing key, body, delivery mode and message id of what arrived, in order."""

    def unbind(self, destination: Destination) -> None:
        """Leave the destination without any queue."""


class FakePlace:
    """The fake's memory."""

    def __init__(self) -> None:
        self.publisher = FakePublisher()

    def arrived(self, destination: Destination) -> list[tuple[str, bytes, int | None, str | None]]:
        """Read the fake."""
        found = self.publisher.to(destination)
        return [(it.routing_key, it.body, it.properties.delivery_mode, it.properties.message_id) for it in found]

    def unbind(self, destination: Destination) -> None:
        """Pass it to the fake."""
        self.publisher.unbound.add(destination)


class BrokerPlace:
    """The real one, and its queues."""

    def __init__(self, broker_client: BrokerClient) -> None:
        self.observer = RecordingTelemetry()
        self.publisher = broker_client.publisher(self.observer)
        self._broker_client = broker_client
        self._queues = {
            Destination.EVENTS: broker_client.topology.unrouted,
            Destination.DEAD_LETTERS: broker_client.topology.dead_letters,
        }

    def arrived(self, destination: Destination) -> list[tuple[str, bytes, int | None, str | None]]:
        """Read the queue."""
        taken = self._broker_client.take_all(self._queues[destination])
        return [(method.routing_key, body, it.delivery_mode, it.message_id) for method, it, body in taken]

    def unbind(self, destination: Destination) -> None:
        """Remove the binding."""
        exchange = self._broker_client.topology.exchange_for(destination)
        self._broker_client.channel.queue_unbind(self._queues[destination], exchange, "#")


def publish(place: Place, message: Outgoing) -> None:
    """Publish it, and wait for the answer."""
    place.publisher.publish_soon(message).result(PATIENCE_SECONDS)


@pytest.fixture(params=["fake", "real"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        yield FakePlace()
        return
    real = BrokerPlace(request.getfixturevalue("broker_client"))
    real.publisher.start()
    # It declares what is missing before it is connected; a test that takes something away comes after that.
    real.observer.await_event(BrokerConnected)
    yield real
    assert real.publisher.stop()


def test_what_was_published_has_arrived_when_the_call_returns(place: Place) -> None:
    publish(place, event("evt-1", b'{"a": 1}'))

    assert place.arrived(Destination.EVENTS) == [("CustomerCreated.billing", b'{"a": 1}', 2, "evt-1")]


def test_each_destination_has_its_own_place(place: Place) -> None:
    publish(place, event())
    publish(place, DEAD_LETTER)

    assert place.arrived(Destination.DEAD_LETTERS) == [("invalid", b"\x00not json", 2, "letter-1")]
    assert len(place.arrived(Destination.EVENTS)) == 1


def test_an_empty_body_arrives_too(place: Place) -> None:
    publish(place, replace(DEAD_LETTER, body=b""))

    assert [body for _key, body, _mode, _id in place.arrived(Destination.DEAD_LETTERS)] == [b""]


def test_one_thread_s_messages_arrive_in_its_order(place: Place) -> None:
    for number in range(20):
        publish(place, event(f"evt-{number}"))

    assert [identity for *_, identity in place.arrived(Destination.EVENTS)] == [f"evt-{number}" for number in range(20)]


def test_a_repeat_arrives_as_it_was(place: Place) -> None:
    for _ in range(2):
        publish(place, event())

    first, second = place.arrived(Destination.EVENTS)
    assert first == second


def test_a_message_no_queue_takes_has_failed_and_is_named(place: Place) -> None:
    place.unbind(Destination.DEAD_LETTERS)

    with pytest.raises(PublishFailed, match="letter-1"):
        publish(place, DEAD_LETTER)


def test_a_failure_does_not_touch_the_next_message(place: Place) -> None:
    place.unbind(Destination.DEAD_LETTERS)
    with pytest.raises(PublishFailed):
        publish(place, DEAD_LETTER)

    publish(place, event())

    assert len(place.arrived(Destination.EVENTS)) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda message: replace(message, routing_key="k" * 256),
        lambda message: replace(message, properties=replace(message.properties, message_id="m" * 256)),
    ],
)
def test_a_message_amqp_cannot_carry_fails_and_the_next_one_arrives(
    place: Place, spoil: Callable[[Outgoing], Outgoing]
) -> None:
    with pytest.raises(PublishFailed, match="cannot be written as AMQP"):
        publish(place, spoil(event()))

    publish(place, event("evt-2"))

    assert [identity for *_, identity in place.arrived(Destination.EVENTS)] == ["evt-2"]


@pytest.mark.parametrize("fate", [{"expiration": "0"}, {"user_id": "somebody"}, {"headers": {"CC": "elsewhere"}}])
def test_a_message_cannot_choose_its_own_fate(place: Place, fate: dict[str, Any]) -> None:
    publish(place, event(**fate))

    assert [identity for *_, identity in place.arrived(Destination.EVENTS)] == ["evt-1"]
