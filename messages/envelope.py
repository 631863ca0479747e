"""The envelope around a command, and the message it arrived in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from messages.commands import Command


@dataclass(frozen=True, slots=True)
class WireMessage:
    """What the codec reads of a message: the body and the AMQP properties that may carry the envelope.

    `timestamp` is epoch seconds, as AMQP counts. The body may hold secrets, so it is not shown.
    """

    body: bytes = field(repr=False)
    content_type: str | None = None
    type: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    app_id: str | None = None
    timestamp: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One valid command with its identity. `(source, id)` is the idempotency key; `time` is epoch seconds.

    `dropped`: what its emitter sent beside the command and nobody could use, a sentence each, for people.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: float | None
    correlationid: str | None
    traceparent: str | None
    data: Command
    dropped: tuple[str, ...] = ()
