"""Reads all of an input before any of it is sent, so that a file is sent as a whole or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from worker.cli.send.checking import Checked, Fault, Prepared
from worker.cli.send.progress import counted
from worker.errors import WorkerError

_SHOWN_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Review:
    """How many commands there are; how many repeat an earlier one, have no id of their own, have no usable time."""

    count: int
    repeats: int
    without_id: int
    untimely: int

    def notes(self) -> Iterator[str]:
        """What is allowed, and worth knowing before it is sent."""
        if self.repeats:
            yield f"repeats of an earlier command (same source, id and content): {self.repeats}; each is done once"
        if self.without_id:
            yield f"commands without an id: {self.without_id}; `send` makes one up, the worker itself asks for one"
        if self.untimely:
            yield f"commands whose time names no moment: {self.untimely}; the worker drops it"


class Unsendable(WorkerError):
    """Some commands cannot be sent; each fault is a line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults) + "; nothing was sent")
        self._lines = (*faults[:-1], f"{faults[-1]}; nothing was sent")

    @property
    def lines(self) -> tuple[str, ...]:
        """Each fault."""
        return self._lines


class _Reading:
    """What was read so far. Of each command two digests are kept, so that a long file fits into memory."""

    def __init__(self) -> None:
        self._contents: dict[bytes, tuple[bytes, str]] = {}
        self._told: list[str] = []
        self._faults = self._repeats = self._without_id = self._untimely = self._count = 0

    def take(self, command: Checked) -> None:
        """Count one command, and remember what is wrong with it."""
        fault = command.sentence if isinstance(command, Fault) else self._conflict(command)
        if fault is None:
            return
        self._faults += 1
        if self._faults <= _SHOWN_FAULTS:
            self._told.append(fault)

    def result(self) -> Review:
        """What was found. Raises Unsendable, naming every command that cannot be sent."""
        if self._faults > _SHOWN_FAULTS:
            self._told.append(f"and {counted(self._faults - _SHOWN_FAULTS)} more")
        if self._told:
            raise Unsendable(self._told)
        return Review(self._count, self._repeats, self._without_id, self._untimely)

    def _conflict(self, command: Prepared) -> str | None:
        self._count += 1
        self._without_id += not command.named
        self._untimely += not command.timely
        key = sha256(f"{len(command.source)} {command.source} {command.id}".encode()).digest()
        content, place = self._contents.setdefault(key, (command.content, command.place))
        if content != command.content:
            return f"{command.place}: id: stands for other content in {place}; the worker would answer id_conflict"
        self._repeats += place != command.place
        return None


def review(commands: Iterator[Checked]) -> Review:
    """Read every command. Raises Unsendable, naming every one that cannot be sent."""
    reading = _Reading()
    for command in commands:
        reading.take(command)
    return reading.result()
