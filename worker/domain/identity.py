"""Names that must come out the same every time: event ids, dead-letter ids, ordering keys, canonical content."""

import json
import uuid
from dataclasses import dataclass

from messages.commands import Command
from messages.envelope import Envelope
from messages.errors import CommandName
from worker.domain.texts.comparison import ordering_name

#: Fixed for ever: a listener drops a repeated event by its id, also one from before an upgrade.
_NAMESPACE = uuid.UUID("6f1c1d0e-6a3b-5c0e-9a56-1d2b8c7a4e90")


@dataclass(frozen=True, slots=True)
class CommandKey:
    """The idempotency key."""

    source: str
    id: str


def event_id(key: CommandKey, generation: int) -> str:
    """The id of the event of a command's result; `generation` counts results from 0."""
    return _name("event", key.source, key.id, str(generation))


def dead_letter_id(key: CommandKey, generation: int) -> str:
    """The id of the dead letter of a command's result; `generation` counts results from 0."""
    return _name("letter", key.source, key.id, str(generation))


def refusal_id(name: CommandName | None, mark: bytes, kind: str) -> str:
    """The id of what answers a message that never took its key; the same message refused twice has the same one.

    `mark` is a keyed hash of all that distinguishes it from others: its body may hold passwords, and ids are for
    everybody.
    """
    source, identity = (name.source, name.id) if name else ("", "")
    return _name(kind, source, identity, mark.hex())


def lane_keys(envelope: Envelope) -> tuple[str, ...]:
    """The customers a command names: it runs behind every earlier command that shares one of them.

    Provider names share one name space, the subject has its own. A command about no customer stands in no lane, though
    its emitter gave it a subject. A name is there folded, so that its spellings share a lane, and lower-cased, as older
    versions wrote it: what they have parked keeps its place in front.
    """
    customers = envelope.data.customers()
    names = [("subject", envelope.subject)] if envelope.subject and customers else []
    names += [("customer", name) for name in customers]
    return tuple(
        dict.fromkeys(f"{kind}:{each}" for kind, name in names for each in (name.lower(), ordering_name(name)))
    )


def customer_of(command: Command) -> str | None:
    """The customer at the provider that a command is about; None when it is about no single customer."""
    return next(iter(command.customers()), None)


def canonical(command: Command) -> bytes:
    """The command's content in one spelling, secrets in clear: only ever fed to a keyed hash."""
    return json.dumps(command.revealed(), sort_keys=True, separators=(",", ":"), default=str).encode()


def _name(*parts: str) -> str:
    # JSON keeps the parts apart: ("a", "bc") and ("ab", "c") must not meet.
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))
