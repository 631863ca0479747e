"""What a vendor's webhook becomes: a command of ours, or the reason why it is none. Nothing here speaks to anybody."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol


class Malformed(Exception):
    """The webhook is genuine, and has not the shape its vendor documents."""


@dataclass(frozen=True, slots=True)
class NotForUs:
    """A webhook that asks for nothing. It is answered like one that was taken, or its vendor would send it for days."""

    why: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened: the vendor's id for it, when (epoch seconds), and the vendor's id of the customer."""

    source: str
    id: str
    at: int
    customer: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What no webhook has: the adapter's own secret, and what a customer gets who has nothing else agreed."""

    password_secret: bytes = field(repr=False)
    package: str
    website: str
    whitelabel: str


Command = dict[str, Any]


class Adapter(Protocol):
    """One vendor."""

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether the vendor sent this; header names are lower-case."""
        ...

    def translate(self, webhook: Mapping[str, Any]) -> Command | NotForUs:
        """Make the command of it. Raises Malformed."""
        ...


def command(occurrence: Occurrence, kind: str, data: Mapping[str, str]) -> Command:
    """Write the command as a CloudEvent.

    Its id is the vendor's own, so a webhook that comes twice is one command; its subject is the vendor's customer, so
    whatever is sent about one customer is done in the order in which it was sent.
    """
    return {
        "specversion": "1.0",
        "type": kind,
        "source": occurrence.source,
        "id": occurrence.id,
        "subject": occurrence.customer,
        "time": datetime.fromtimestamp(occurrence.at, UTC).isoformat(),
        "datacontenttype": "application/json",
        # What is not known is left out, not invented: the worker then says which fields are missing.
        "data": {name: value for name, value in data.items() if value},
    }


def first_password(secret: bytes, occurrence: Occurrence) -> str:
    """Derive the customer's first password, 43 characters, from the event's id and a secret of the adapter's own.

    A random one would differ each time the vendor repeats its webhook. The same id with another password is another
    command to the worker, and refused as `id_conflict`.
    """
    named = f"first password of {occurrence.source} {occurrence.id}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, named, hashlib.sha256)).rstrip(b"=").decode()


def part(fields: object, *path: str) -> object:
    """Return what is at the end of a path of names; None when the path ends before."""
    found = fields
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def text(fields: object, *path: str) -> str:
    """Return the text at the end of a path of names; empty when there is none, null, or something else."""
    found = part(fields, *path)
    return found if isinstance(found, str) else ""


def required(fields: object, *path: str) -> str:
    """Return the text at the end of a path of names. Raises Malformed when there is none."""
    found = text(fields, *path)
    if not found:
        raise Malformed(f"{'.'.join(path)} is missing")
    return found


def epoch(fields: Mapping[str, Any], name: str) -> int:
    """Return a time in epoch seconds. Raises Malformed when it is none."""
    found = fields.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**32:
        raise Malformed(f"{name} is no time in epoch seconds")
    return found
