"""Names that must come out the same every time: event ids, letter ids, ordering keys, canonical content."""

import json
import uuid
from hashlib import sha256

from messages.commands import Command
from messages.envelope import Envelope
from messages.errors import CommandName
from worker.domain.claims import CommandKey

#: Fixed for ever: a listener drops a repeated event by its id, also one from before an upgrade.
_NAMESPACE = uuid.UUID("6f1c1d0e-6a3b-5c0e-9a56-1d2b8c7a4e90")

#: The fields that name the customer at the provider; they share one name space, the subject has its own.
_CUSTOMER_FIELDS = ("username", "new_username", "on_behalf_of")


def event_id(key: CommandKey, generation: int) -> str:
    """The id of the one event that ends this generation of a command."""
    return _name("event", key.source, key.id, str(generation))


def letter_id(key: CommandKey, generation: int) -> str:
    """The id of the dead letter that ends this generation of a command."""
    return _name("letter", key.source, key.id, str(generation))


def refusal_id(name: CommandName | None, body: bytes, kind: str) -> str:
    """The id of what answers a message that never took its key; the same body refused twice has the same one."""
    source, identity = (name.source, name.id) if name else ("", "")
    return _name(kind, source, identity, sha256(body).hexdigest())


def lane_keys(envelope: Envelope) -> tuple[str, ...]:
    """The customers a command names, lower-cased: it runs behind every earlier command that shares one of them."""
    keys = [f"subject:{envelope.subject.lower()}"] if envelope.subject else []
    for field in _CUSTOMER_FIELDS:
        value = getattr(envelope.data, field, None)
        if isinstance(value, str):
            keys.append(f"customer:{value.lower()}")
    return tuple(dict.fromkeys(keys))


def canonical(command: Command) -> bytes:
    """The command's content in one spelling, secrets in clear: only ever fed to a keyed hash."""
    return json.dumps(command.revealed(), sort_keys=True, separators=(",", ":"), default=str).encode()


def _name(*parts: str) -> str:
    # JSON keeps the parts apart: ("a", "bc") and ("ab", "c") must not meet.
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))
