"""What was seen of the broker. None: it could not be looked at, which is never the same as well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Argument = str | int | bool


class Duty(StrEnum):
    """What a queue of ours is for."""

    COMMANDS = "commands"
    DEAD_LETTERS = "dead_letters"
    UNROUTED = "unrouted"


class QueuePresence(StrEnum):
    """What a declaration answered."""

    PRESENT = "present"
    MISSING = "missing"
    DIFFERS = "differs"
    UNCOMPARED = "uncompared"
    """It is there; whether it is as it must be could not be asked."""


@dataclass(frozen=True, slots=True)
class ConsumerFacts:
    """One consumer of a queue. `connection` is what the broker calls its connection; `prefetch` 0 has no limit.

    `priority` is 0 where the consumer asked for none, which is what a worker does.
    """

    tag: str
    prefetch: int
    active: bool
    connection: str
    user: str
    priority: int = 0

    @property
    def ours(self) -> bool:
        """Whether a worker of ours named it."""
        return self.tag.startswith("provisioning-worker@")


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue. `words` are the broker's; `arguments`, `stuck` and `consumers` only the management API knows.

    `stuck` counts dead letters that the broker has taken out of the queue and cannot hand over.
    """

    name: str
    duty: Duty
    wanted: Mapping[str, Argument]
    presence: QueuePresence
    words: str = ""
    ready: int | None = None
    consumer_count: int | None = None
    arguments: Mapping[str, object] | None = None
    has_leader: bool | None = None
    stuck: int | None = None
    consumers: tuple[ConsumerFacts, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """One exchange; `kind` and `arguments` only the management API knows."""

    name: str
    wanted_kind: str
    wanted: Mapping[str, Argument]
    presence: QueuePresence
    words: str = ""
    kind: str | None = None
    arguments: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class BindingFacts:
    """One binding that must be there."""

    exchange: str
    queue: str
    routing_key: str
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy, of an operator's or of a user's, as the broker lists it."""

    name: str
    operator: bool
    pattern: str
    applies_to: str
    priority: int
    definition: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RightFacts:
    """One right the worker's login needs, as a harmless request for it was answered. None: it could not be asked."""

    action: str
    resource: str
    granted: bool | None


@dataclass(frozen=True, slots=True)
class Management:
    """The management API, asked as `user`. `url` holds no credentials; `fault`: why not all of it could be read."""

    url: str | None = None
    user: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """The broker. `fault` is empty when it could be reached over AMQP; without that the lists are empty."""

    address: str
    vhost: str
    user: str
    prefix: str
    fault: str = ""
    version: str | None = None
    management: Management = field(default_factory=Management)
    queues: tuple[QueueFacts, ...] = ()
    exchanges: tuple[ExchangeFacts, ...] = ()
    bindings: tuple[BindingFacts, ...] = ()
    policies: tuple[PolicyFacts, ...] | None = None
    rights: tuple[RightFacts, ...] = ()
    may_configure: bool | None = None
    alarms: tuple[str, ...] | None = None
    event_bindings: int | None = None
