"""The result events, made once: the bytes are stored and repeated as they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic_core import from_json

from messages.catalog import CATALOG
from messages.envelope import Envelope
from messages.errors import CommandName
from messages.events import ResultEvent
from messages.results import CommandFailed, Outcome, Reason, ResultFields
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.identity import customer_of

MAX_DETAIL_CHARACTERS = 500
#: A command has one result so far.
GENERATION = 0
_MAX_ROUTING_KEY_BYTES = 255
_NO_SLUG = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A result event exactly as it is published: a repeat carries the same bytes."""

    id: str
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Success:
    """What a handler reports: whether this attempt did it, or an earlier one had.

    `added`: what its event says that the command did not.
    """

    outcome: Outcome
    added: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a CommandFailed says beside the command's name. `failed_at` is RFC 3339."""

    reason: Reason
    detail: str
    errors: tuple[str, ...]
    attempts: int
    failed_at: str
    dead_letter_id: str


def rfc3339(epoch_seconds: float) -> str:
    """The time in UTC with milliseconds, as every event and header writes it."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def name_of(envelope: Envelope) -> CommandName:
    """The identity of a valid command."""
    return CommandName(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        username=customer_of(envelope.data),
        correlationid=envelope.correlationid,
        traceparent=envelope.traceparent,
    )


def succeeded(envelope: Envelope, event_id: str, success: Success, attempts: int, completed_at: str) -> StoredEvent:
    """The result event of a command's success."""
    entry = CATALOG[envelope.type]
    echoed = {name: getattr(envelope.data, name) for name in entry.echoed}
    fields = entry.event_model(
        command_id=envelope.id,
        command_source=envelope.source,
        command_type=envelope.type,
        username=customer_of(envelope.data),
        generation=GENERATION,
        outcome=success.outcome,
        attempts=attempts,
        completed_at=completed_at,
        **{**echoed, **success.added},
    )
    return _stored(event_id, entry.event, name_of(envelope), completed_at, fields)


def failed(name: CommandName, event_id: str, failure: Failure) -> StoredEvent:
    """The result event of a command's failure."""
    fields = CommandFailed(
        command_id=name.id,
        command_source=name.source,
        command_type=name.type,
        username=name.username,
        generation=GENERATION,
        reason=failure.reason,
        detail=failure.detail[:MAX_DETAIL_CHARACTERS],
        errors=failure.errors,
        attempts=failure.attempts,
        failed_at=failure.failed_at,
        dead_letter_id=failure.dead_letter_id,
    )
    return _stored(event_id, CommandFailed.__name__, name, failure.failed_at, fields)


def outgoing(event: StoredEvent) -> Outgoing:
    """The event as it is published. Everything is read from the stored bytes, so that a repeat is the same message."""
    envelope = from_json(event.body)
    properties = Properties(
        content_type="application/cloudevents+json",
        delivery_mode=2,
        correlation_id=envelope["correlationid"],
        message_id=event.id,
        timestamp=int(datetime.fromisoformat(envelope["time"]).timestamp()),
        type=event.type,
        app_id=envelope["source"],
    )
    key = routing_key(event.type, envelope["data"]["command_source"])
    return Outgoing(Destination.EVENTS, key, event.body, properties)


def routing_key(event_type: str, source: str) -> str:
    """`<event type>.<source>`, cut at the 255 bytes that AMQP allows."""
    return f"{event_type}.{source_slug(source)}"[:_MAX_ROUTING_KEY_BYTES]


def source_slug(source: str) -> str:
    """The source as routing keys write it: lower-cased, everything else than a-z and 0-9 as `-`."""
    return _NO_SLUG.sub("-", source.lower())


def _stored(event_id: str, event_type: str, name: CommandName, at: str, data: ResultFields) -> StoredEvent:
    # All of it was validated where it was read, and the data when it was made: here nothing could be wrong any more.
    event = ResultEvent.model_construct(
        id=event_id,
        type=event_type,
        subject=name.subject,
        time=at,
        correlationid=name.correlationid or name.id,
        causationid=name.id,
        traceparent=name.traceparent,
        data=data,
    )
    return StoredEvent(event_id, event_type, event.to_bytes())
