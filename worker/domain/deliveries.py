"""What arrives from the broker and what leaves for it, free of any client library's types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Properties:
    """The AMQP properties of a message; None where the sender set none. `timestamp` is epoch seconds.

    A header that was given twice with different values has a list of them.
    """

    content_type: str | None = None
    content_encoding: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    delivery_mode: int | None = None
    priority: int | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    expiration: str | None = None
    message_id: str | None = None
    timestamp: int | None = None
    type: str | None = None
    user_id: str | None = None
    app_id: str | None = None


_PARKED = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an ack needs: the tag, and the epoch of the connection it is valid on (a tag of another epoch is stale).

    Epoch 0 is no connection's: such a receipt is of a parked command, and its tag is the position in the ledger.
    """

    epoch: int
    tag: int

    @classmethod
    def of_parked(cls, position: int) -> "Receipt":
        """The receipt of the command that is parked at that position."""
        return cls(_PARKED, position)

    @property
    def position(self) -> int | None:
        """Where the command is parked in the ledger; None for what a connection delivered."""
        return self.tag if self.epoch == _PARKED else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the broker handed it over. `arrived_at` is monotonic seconds; the body is never changed."""

    body: bytes = field(repr=False)  # it holds passwords
    properties: Properties
    redelivered: bool
    receipt: Receipt
    exchange: str
    routing_key: str
    arrived_at: float


class Destination(StrEnum):
    """Where the worker may publish. A closed set: an exchange's name never comes from a message."""

    COMMANDS = "commands"
    EVENTS = "events"
    DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish: persistent, mandatory and confirmed, always."""

    destination: Destination
    routing_key: str
    body: bytes = field(repr=False)
    properties: Properties
