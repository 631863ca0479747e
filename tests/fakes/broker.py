"""The broker's ports without a broker: what was published and settled can be read, and publishing can fail."""

import math
import threading
from concurrent.futures import Future
from dataclasses import replace

from tests.fakes.answers import answered
from worker.domain.deliveries import Destination, Outgoing, Receipt
from worker.errors import PublishFailed, Unpublishable

PERSISTENT = 2
LONGEST_NAME_BYTES = 255


class FakePublisher:
    """An EventPublisher that remembers, in order, what it confirmed."""

    def __init__(self) -> None:
        self.published: list[Outgoing] = []
        self.refusals = 0
        self.refused: set[str | None] = set()
        self.largest_body: float = math.inf
        self.unbound: set[Destination] = set()
        self._lock = threading.Lock()

    def fail_next(self, count: int = 1) -> None:
        """Refuse so many messages from now on."""
        self.refusals = count

    def publish(self, message: Outgoing) -> None:
        """Take the message, or raise PublishFailed or Unpublishable as the real one does."""
        names = (message.routing_key, message.properties.message_id or "")
        if any(len(name.encode()) > LONGEST_NAME_BYTES for name in names):
            raise Unpublishable("the message cannot be written as AMQP")
        if len(message.body) > self.largest_body:
            raise Unpublishable(f"{message.properties.message_id} is larger than the broker allows")
        if message.destination in self.unbound:
            raise PublishFailed(f"{message.properties.message_id} was returned: no queue is bound for it")
        if message.properties.message_id in self.refused:
            raise PublishFailed(f"{message.properties.message_id} is not confirmed: told to refuse it")
        with self._lock:
            if self.refusals:
                self.refusals -= 1
                raise PublishFailed(f"{message.properties.message_id} is not confirmed: told to fail")
            self.published.append(_as_the_broker_keeps_it(message))

    def publish_soon(self, message: Outgoing) -> "Future[None]":
        """As `publish`, answered at once."""
        return answered(self.publish, message)

    def to(self, destination: Destination) -> list[Outgoing]:
        """What was published to one destination."""
        return [message for message in self.published if message.destination is destination]


class FakeSettlement:
    """A Settlement that remembers, in order, what was acked."""

    def __init__(self) -> None:
        self.acked: list[Receipt] = []

    def ack(self, receipt: Receipt) -> None:
        """Remember it."""
        self.acked.append(receipt)


def _as_the_broker_keeps_it(message: Outgoing) -> Outgoing:
    headers = {name: value for name, value in message.properties.headers.items() if name not in ("CC", "BCC")}
    kept = replace(message.properties, headers=headers, delivery_mode=PERSISTENT, expiration=None, user_id=None)
    return replace(message, properties=kept)
