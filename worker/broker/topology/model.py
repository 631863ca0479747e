"""What the worker needs at the broker: exchanges, queues and bindings with their arguments, as plain values.

A queue's arguments can never be changed in place: RabbitMQ refuses another declaration with 406. So nothing here may
differ between two versions of the worker that share a prefix.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from worker.domain.deliveries import Destination

Argument = str | int | bool

# Redeliveries are counted by the broker; what is given back at every stop must never reach the limit. An integer
# large enough is the only value that means "never" to every version: -1 drops messages on 3.10.
UNREACHED_DELIVERY_LIMIT = 1_000_000
UNROUTED_KEPT_MILLISECONDS = 7 * 24 * 60 * 60 * 1000
UNROUTED_KEPT_BYTES = 1024**3


class ExchangeKind(StrEnum):
    """The exchange types in use."""

    TOPIC = "topic"
    FANOUT = "fanout"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: ExchangeKind
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"exchange {self.name}"


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue."""

    name: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"queue {self.name}"


@dataclass(frozen=True, slots=True)
class Binding:
    """The way from an exchange to a queue."""

    exchange: str
    queue: str
    routing_key: str

    def __str__(self) -> str:
        return f"binding {self.exchange} -> {self.queue} ({self.routing_key or 'all'})"


Item = Exchange | Queue | Binding


@dataclass(frozen=True, slots=True)
class Topology:
    """Every object of one prefix. `command_queues` is a list, so that partitions can be added behind the same names."""

    prefix: str

    @property
    def commands(self) -> str:
        """The exchange that emitters publish commands to."""
        return f"{self.prefix}.commands"

    @property
    def events(self) -> str:
        """The exchange of result events."""
        return f"{self.prefix}.events"

    @property
    def unrouted(self) -> str:
        """The exchange and the queue that take the events for which no queue is bound."""
        return f"{self.prefix}.events.unrouted"

    @property
    def dead_letters(self) -> str:
        """The exchange and the queue of dead letters."""
        return f"{self.prefix}.dead-letters"

    @property
    def command_queues(self) -> tuple[str, ...]:
        """The queues that commands are consumed from, in order."""
        return (f"{self.commands}.00",)

    def exchange_for(self, destination: Destination) -> str:
        """Name the exchange of a destination; a name never comes from a message."""
        return f"{self.prefix}.{destination.value}"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """In an order that declares an exchange before the one that refers to it."""
        alternate = MappingProxyType({"alternate-exchange": self.unrouted})
        return (
            Exchange(self.unrouted, ExchangeKind.FANOUT),
            Exchange(self.events, ExchangeKind.TOPIC, alternate),
            Exchange(self.dead_letters, ExchangeKind.TOPIC),
            Exchange(self.commands, ExchangeKind.TOPIC),
        )

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Where something waits: unrouted events, dead letters, commands."""
        return (
            Queue(self.unrouted, _unrouted_arguments()),
            Queue(self.dead_letters, _dead_letter_arguments()),
            *(Queue(name, _command_arguments(self.dead_letters)) for name in self.command_queues),
        )

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Every way into those queues."""
        return (
            Binding(self.unrouted, self.unrouted, ""),
            Binding(self.dead_letters, self.dead_letters, "#"),
            *(Binding(self.commands, name, "#") for name in self.command_queues),
        )

    def __iter__(self) -> Iterator[Item]:
        """Yield every object in the order in which it can be declared."""
        yield from self.exchanges
        yield from self.queues
        yield from self.bindings


def _command_arguments(dead_letters: str) -> Mapping[str, Argument]:
    return MappingProxyType(
        {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": UNREACHED_DELIVERY_LIMIT,
            "x-dead-letter-exchange": dead_letters,
            "x-dead-letter-routing-key": "crash_loop",
            # At-least-once holds only together with reject-publish; with drop-head the broker falls back in silence.
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def _dead_letter_arguments() -> Mapping[str, Argument]:
    return MappingProxyType({"x-queue-type": "quorum", "x-delivery-limit": UNREACHED_DELIVERY_LIMIT})


def _unrouted_arguments() -> Mapping[str, Argument]:
    return MappingProxyType(
        {
            "x-queue-type": "quorum",
            "x-message-ttl": UNROUTED_KEPT_MILLISECONDS,
            "x-max-length-bytes": UNROUTED_KEPT_BYTES,
            "x-overflow": "drop-head",
        },
    )
