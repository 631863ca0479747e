"""Where the commands come from: a file, which can be read twice, or a stream, which cannot."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from worker.cli.output import say
from worker.cli.send.checking import Checked, checked
from worker.cli.send.values import values
from worker.exits import Exit


@dataclass(frozen=True, slots=True)
class Source:
    """The input; `repeatable` says that `commands` may be asked for more than once."""

    stream: BinaryIO
    repeatable: bool
    start: int
    name: str

    def commands(self) -> Iterator[Checked]:
        """Read and check one command after the other, from the beginning where that is possible."""
        if self.repeatable:
            self.stream.seek(self.start)
        return map(checked, values(_lines(self.stream)))


@contextmanager
def opened(file: str) -> Iterator[Source]:
    """Open a file, or standard input for `-`. Ends the program with a usage error when it cannot be read."""
    with _stream(file) as stream:
        repeatable = stream.seekable()
        name = "standard input" if file == "-" else file
        yield Source(stream, repeatable, stream.tell() if repeatable else 0, name)


def _stream(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as exc:
        _refuse(file, exc)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    try:
        yield from stream
    except OSError as exc:
        _refuse(stream.name, exc)


def _refuse(file: str, exc: OSError) -> NoReturn:
    say(f"{file} cannot be read: {exc}")
    sys.exit(Exit.USAGE)
