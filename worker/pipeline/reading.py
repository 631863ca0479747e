"""Reads deliveries: from bytes to a command with its claim and its lanes, or to the reason why it is none."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from messages.codec import decode, name_from_properties
from messages.commands import Command
from messages.envelope import Envelope, WireMessage
from messages.errors import MessageError, Undecodable, Unread
from messages.forms import distinguishing
from worker.domain.claims import ClaimRequest
from worker.domain.deliveries import Delivery
from worker.domain.identity import CommandKey, canonical, customer_of, lane_keys
from worker.domain.telemetry import USUAL_PRIORITY, CommandMayChangePlaces, CommandMayExpire, TelemetryEvent
from worker.domain.work import Requested, Work
from worker.errors import ProviderLogin

#: Hashes a kind of content, what it is about, and its bytes with each secret key, the newest first.
Fingerprint = Callable[[str, str | None, bytes], tuple[bytes, ...]]


def read(delivery: Delivery, fingerprint: Fingerprint, login_of: Callable[[Command], ProviderLogin]) -> Work:
    """Read a delivery: a command with its claim and its lanes, or the reason why it is none. Never raises."""
    try:
        envelope = decode(_message(delivery))
        return _requested(delivery, envelope, fingerprint, login_of(envelope.data))
    except MessageError as error:
        return Work(delivery, error, ())
    except Exception as bug:  # noqa: BLE001 - whatever it is, it would come again with each redelivery and stop the queue
        words = f"the worker failed while reading it ({type(bug).__name__}): send it again once the worker is mended"
        return Work(delivery, Undecodable([words]), ())


def risks(work: Work) -> Iterator[TelemetryEvent]:
    """What its emitter lets the broker do with such a delivery: to throw it out, or hand it over in another order.

    The broker does both by properties of the message, without asking the worker; that they are set can be
    seen in the commands that do arrive. What is parked already has arrived before.
    """
    properties = work.delivery.properties
    if work.delivery.receipt.position is not None:
        return
    if properties.expiration is not None:
        yield CommandMayExpire(work, properties.expiration)
    if properties.priority is not None and properties.priority != USUAL_PRIORITY:
        yield CommandMayChangePlaces(work, properties.priority)


def crash_mark_content(delivery: Delivery) -> bytes:
    """Everything the sender gave it, secrets in clear: only ever fed to a keyed hash."""
    message = _message(delivery)
    # What the broker adds counts the deliveries: it is another each time.
    headers = sorted((name, repr(value)) for name, value in message.headers.items() if not name.startswith("x-"))
    return repr((replace(message, headers={}), headers)).encode(errors="backslashreplace") + b"\0" + delivery.body


def identifying(delivery: Delivery) -> bytes:
    """What distinguishes a refused message from every other, secrets in clear: only ever fed to a keyed hash."""
    return distinguishing(_message(delivery))


def reject_unread(delivery: Delivery, crashes: int) -> Work:
    """Refuse a delivery without looking at its content: so many processes died of that and of nothing else."""
    words = f"the worker died {crashes} times while it read this message and did nothing else, so it is not read again"
    return Work(delivery, Unread([words], name_from_properties(_message(delivery))), ())


def _message(delivery: Delivery) -> WireMessage:
    properties = delivery.properties
    return WireMessage(
        body=delivery.body,
        content_type=properties.content_type,
        type=properties.type,
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        app_id=properties.app_id,
        timestamp=properties.timestamp,
        headers=properties.headers,
    )


def _requested(delivery: Delivery, envelope: Envelope, fingerprint: Fingerprint, login: ProviderLogin) -> Work:
    lanes = lane_keys(envelope)
    request = ClaimRequest(
        key=CommandKey(envelope.source, envelope.id),
        type=envelope.type,
        subject=envelope.subject,
        username=customer_of(envelope.data),
        lanes=lanes,
        fingerprints=fingerprint(envelope.type, envelope.subject, canonical(envelope.data)),
        redelivered=delivery.redelivered,
        position=delivery.receipt.position,
    )
    return Work(delivery, Requested(envelope, request, login), lanes)
