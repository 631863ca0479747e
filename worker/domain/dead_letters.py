"""Dead letters: the delivery as it came, and headers that say what happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from messages.errors import CommandName
from messages.results import Reason
from worker.domain.deliveries import Delivery, Destination, Outgoing
from worker.domain.result_events import GENERATION, Failure
from worker.domain.texts.printable import visible

MAX_HEADER_BYTES = 2_000
#: All kept original headers together: one frame holds 128 KiB, and a larger header table closes the connection.
MAX_ORIGINAL_HEADERS_BYTES = 32 * 1024

_PREFIX = "provisioning-"
_NOTE = f"{_PREFIX}note"
_KEY = frozenset({"command-id", "command-source"})
#: AMQP's widest integer has 64 bits and a sign; some clients send a timestamp's all.
_LARGEST_INTEGER = 2**63 - 1
#: The broker would route further copies by these, or refuse the whole channel because they came back as text.
_ROUTING_HEADERS = frozenset({"CC", "BCC"})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter's identity and headers; its body is the delivery's own, byte for byte."""

    id: str
    reason: Reason
    headers: Mapping[str, str | int]


def write(
    delivery: Delivery, name: CommandName | None, failed: Failure, first_failed_at: str, worker_version: str
) -> DeadLetter:
    """Make the dead letter of a delivery; every header is text of at most 2,000 bytes or an integer.

    `name` is None where the message does not say who it is; `first_failed_at` is RFC 3339.
    """
    stated: dict[str, str | int | None] = {
        "dead-letter-id": failed.dead_letter_id,
        "reason": failed.reason.value,
        "detail": failed.detail,
        "error": "; ".join(failed.errors),
        "command-id": name.id if name else None,
        "command-source": name.source if name else None,
        "command-type": name.type if name else None,
        "subject": name.subject if name else None,
        "generation": GENERATION,
        "attempts": failed.attempts,
        "first-failed-at": first_failed_at,
        "failed-at": failed.failed_at,
        "exchange": delivery.exchange,
        "routing-key": delivery.routing_key,
        "worker-version": worker_version,
    }
    # Tools print them as they are, and texts of others are among them; only the command's key is looked up by.
    shown = {name: visible(value) for name, value in stated.items() if isinstance(value, str) and name not in _KEY}
    headers = {_PREFIX + name: _bounded(value) for name, value in {**stated, **shown}.items() if value is not None}
    return DeadLetter(failed.dead_letter_id, failed.reason, headers)


def outgoing(delivery: Delivery, dead_letter: DeadLetter) -> Outgoing:
    """The dead letter as it is published: the original body and properties, the headers of both."""
    properties = replace(
        delivery.properties,
        headers={**_kept(delivery.properties.headers), **dead_letter.headers},
        delivery_mode=2,
        # An expiration would delete the dead letter unread; a user id that is not ours makes the broker close the
        # channel.
        expiration=None,
        user_id=None,
    )
    return Outgoing(Destination.DEAD_LETTERS, dead_letter.reason.value, delivery.body, properties)


def bare(dead_letter: Outgoing, why: str) -> Outgoing | None:
    """The dead letter without its original headers, and a note that says why; None when it has none, or is none."""
    headers = {name: value for name, value in dead_letter.properties.headers.items() if name.startswith(_PREFIX)}
    if dead_letter.destination is not Destination.DEAD_LETTERS or len(headers) == len(dead_letter.properties.headers):
        return None
    headers[_NOTE] = _bounded(f"the original headers were left out: {why}")
    return replace(dead_letter, properties=replace(dead_letter.properties, headers=headers))


def plain(value: object) -> str | int:
    """What becomes of a header's value: text and whole numbers of 64 bits stay, all else becomes text."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and _fits(value)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _kept(headers: Mapping[str, object]) -> dict[str, str | int]:
    kept: dict[str, str | int] = {}
    room = MAX_ORIGINAL_HEADERS_BYTES
    names = [name for name in headers if not (name.startswith("x-") or _is_ours(name)) and name not in _ROUTING_HEADERS]
    for count, name in enumerate(names):
        value = plain(headers[name])
        room -= len(name.encode()) + (len(value.encode()) if isinstance(value, str) else 8)
        if room < 0:
            kept[_NOTE] = f"{len(names) - count} original headers were left out: together over 32 KiB"
            break
        kept[name] = value
    return kept


def _is_ours(name: str) -> bool:
    # In every spelling that a reader may take for ours: what the sender says of the worker is never passed on.
    return name.strip().casefold().replace("_", "-").startswith(_PREFIX)


def _fits(value: int) -> bool:
    return -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER


def _bounded(value: str | int) -> str | int:
    if isinstance(value, int) or len(value.encode()) <= MAX_HEADER_BYTES:
        return value
    return value.encode()[: MAX_HEADER_BYTES - 3].decode(errors="ignore") + "..."
