"""Each command judged before it is sent, by the very rules the worker will judge it by."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from messages.envelope import Envelope, decode
from messages.errors import MessageError
from messages.fields import MAX_ATTRIBUTE_BYTES
from messages.forms import WireMessage
from worker.cli.commands.send.reading import InputFault, Value
from worker.domain.identity import canonical
from worker.domain.texts.redaction import without_secrets_of
from worker.errors import WorkerError

CONTENT_TYPE = "application/cloudevents+json"

#: Where a fault begins that is not about a field of the data.
_OUTSIDE_THE_DATA = ("id", "source", "type", "subject", "correlationid", "specversion", "time", "data", "data_base64")
_MAX_FAULTS = 1000
_WITHOUT_ID = "commands without an id: {}; `send` makes one up, the worker itself asks for one"
_UNTIMELY = "commands whose time names no moment: {}; the worker drops it"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One valid command, ready to be published.

    `notes` are what is allowed and worth knowing; `content` is a digest of what the worker compares when the same
    source and id come again.
    """

    id: str
    source: str
    type: str
    body: bytes = field(repr=False)  # it holds passwords
    place: str = ""
    content: bytes = field(default=b"", repr=False)
    notes: tuple[str, ...] = ()


Checked = Prepared | InputFault


class Unsendable(WorkerError):
    """Some commands cannot be sent; each fault is a line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults) + "; nothing was sent")
        self._lines = (*faults[:-1], f"{faults[-1]}; nothing was sent")

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one line each."""
        return self._lines


def checked(value: Value | InputFault) -> Checked:
    """Judge one value. A missing id is made up, as the command's help says; nothing else is."""
    if isinstance(value, InputFault):
        return value
    content = value.content
    notes = []
    if isinstance(content, dict) and "id" not in content:
        content = {"id": str(uuid.uuid4()), **content}
        notes.append(_WITHOUT_ID)
    body = json.dumps(content).encode()
    try:
        envelope = decode(WireMessage(body, content_type=CONTENT_TYPE))
    except MessageError as exc:
        faults = without_secrets_of(body, "; ".join(map(_with_its_path, exc.faults)))
        return InputFault(f"{_place(value)}: {faults}")
    if envelope.dropped:
        notes.append(_UNTIMELY)
    return Prepared(envelope.id, envelope.source, envelope.type, body, _place(value), _digest(envelope), tuple(notes))


def review(commands: Iterable[Checked]) -> tuple[int, list[str]]:
    """Check all of an input before any of it is sent: how many commands there are, and what is worth knowing.

    Of each command a digest is kept, and no body. Raises Unsendable with the faults, at most a thousand.
    """
    count, faults, notes = 0, list[str](), Counter[str]()
    contents: dict[tuple[str, str], tuple[bytes, str]] = {}
    for command in commands:
        if isinstance(command, InputFault):
            faults.append(command.sentence)
        else:
            count += 1
            notes.update(command.notes)
            content, place = contents.setdefault((command.source, command.id), (command.content, command.place))
            if content != command.content:
                why = f"stands for other content in {place}; the worker would answer id_conflict"
                faults.append(f"{command.place}: id: {why}")
        if len(faults) == _MAX_FAULTS:
            raise Unsendable([*faults, f"after {_MAX_FAULTS} faults no more are looked for"])
    if faults:
        raise Unsendable(faults)
    return count, [note.format(times) for note, times in notes.items()]


def counted(count: int) -> str:
    """So many commands, in words."""
    return "1 command" if count == 1 else f"{count} commands"


def _place(value: Value) -> str:
    """Where it stands, with its id where there is one that may be printed."""
    given = value.content.get("id") if isinstance(value.content, dict) else None
    if isinstance(given, str) and given and given.isprintable() and len(given.encode()) <= MAX_ATTRIBUTE_BYTES:
        return f"{value.place} ({given})"
    return value.place


def _with_its_path(fault: str) -> str:
    """The worker's own words, with the way to the field: `username` is found as `data.username` in a file."""
    name = fault.partition(":")[0]
    about_a_field = ":" in fault and not fault.startswith("the body ")
    inside = name not in _OUTSIDE_THE_DATA or fault.endswith(" is not a field of this command")
    return f"data.{fault}" if about_a_field and inside else fault


def _digest(envelope: Envelope) -> bytes:
    kept = (envelope.type, envelope.subject, canonical(envelope.data).decode())
    return sha256(json.dumps(kept).encode()).digest()
