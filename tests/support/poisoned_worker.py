"""The program with a planted fault: what holds the word `poison` ends it, while it is read or while it is handled.

Its first argument says where: `reading` or `handling`; a second one is another word, for `handling` alone. Everything
else is as in a real run.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from unittest.mock import patch

from messages.commands import Command
from messages.envelope import Envelope, decode
from messages.forms import WireMessage
from worker.cli.commands.run import run
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.handlers import Handlers

POISON = "poison"
#: As the system does when memory runs out: no word, no traceback.
OUT_OF_MEMORY = 137

_handle = Handlers.handle


def read(message: WireMessage) -> Envelope:
    """Read a message; die of poison as of a fault in a library's C code."""
    if POISON.encode() in message.body:
        # In this very thread, as a real fault: a signal sent to the process would let it go on for a moment.
        signal.raise_signal(signal.SIGSEGV)
    return decode(message)


def handle(handlers: Handlers, command: Command, attempt: Attempt) -> Success:
    """Apply a command; die of poison before anything is sent."""
    word = sys.argv[2] if len(sys.argv) > 2 else POISON
    if any(word in str(value) for value in command.revealed().values()):
        os._exit(OUT_OF_MEMORY)
    return _handle(handlers, command, attempt)


PLACES: Mapping[str, tuple[str, Callable[..., object]]] = MappingProxyType(
    {"reading": ("worker.pipeline.reading.decode", read), "handling": ("worker.handlers.Handlers.handle", handle)}
)


def main() -> None:
    """Run the worker until it meets poison."""
    target, planted = PLACES[sys.argv[1]]
    with patch(target, planted):
        run()


if __name__ == "__main__":
    main()
