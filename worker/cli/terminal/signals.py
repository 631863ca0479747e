"""Signals that end a command: what it did is said, and shells know the exit code. Imports nothing slow."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


def _nothing() -> str:
    return "nothing was changed"


_done = _nothing


class Ended(BaseException):
    """A signal asked the command to end. `done` says, to a person, what it had done by then."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.done = _done

    def __str__(self) -> str:
        return f"ended by {signal.Signals(self.number).name}; {self.done()}"


def exit_code(number: int) -> int:
    """What a command exits with that this signal ended."""
    return 128 + number


@contextmanager
def handled() -> Iterator[None]:
    """At a signal the process ends at once, until others are asked for; afterwards it is as it was.

    Without a handler the first process of a container would ignore the signal.
    """
    before = {number: signal.getsignal(number) for number in ENDING}
    exit_at_signals()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def handle(handler: Handler) -> None:
    """Call this at each of the signals; not at those that whoever started us wants ignored (nohup, a shell's `&`)."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def exit_at_signals() -> None:
    """End the process at the next signal, without a word."""
    handle(_exit_at_once)


def raise_at_signals() -> None:
    """Raise Ended at the first signal; the second one ends the process at once. Nothing was changed so far."""
    global _done  # noqa: PLW0603 - a signal comes to the process, wherever it is
    _done = _nothing

    def first(number: int, _frame: FrameType | None) -> None:
        exit_at_signals()
        raise Ended(number)

    handle(first)


@contextmanager
def explained_if_ended(done: Callable[[], str]) -> Iterator[None]:
    """When a signal ends this block, or what comes after it (a last line, a connection to close), say what was done."""
    global _done  # noqa: PLW0603 - as above
    _done = done
    try:
        yield
    except Ended as ended:
        ended.done = done
        raise


def _exit_at_once(number: int, _frame: FrameType | None) -> None:
    os._exit(exit_code(number))
