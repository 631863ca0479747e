"""The standard streams as a command needs them: each is there, takes every character, and its words end no work."""

import io
import os
import select
import sys
from contextlib import suppress


class _Words(io.RawIOBase):
    """Standard error: what cannot be written there is nobody's business. With `patience`, nor what is not read in time.

    `patience` is in seconds; after a reader was once too slow, nobody waits for it again until it reads.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.patience: float | None = None

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, content: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer is one
        rest = bytes(content)
        with suppress(OSError):
            while rest and self._takes():
                # A pipe that is ready takes so much without waiting.
                rest = rest[os.write(self._descriptor, rest[: select.PIPE_BUF]) :]
        return len(content)

    def _takes(self) -> bool:
        ready = bool(select.select([], [self._descriptor], [], self.patience)[1])
        if not ready:
            self.patience = 0.0
        return ready


def prepare() -> None:
    """Open what was closed, so that no file of ours gets its number; escape what an encoding has not."""
    _open_missing()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError, AttributeError):
        words = _Words(sys.stderr.fileno())
        sys.stderr = io.TextIOWrapper(
            words,
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )


def wait_for_no_reader(seconds: float) -> None:
    """Wait at most so many seconds for a reader of standard error, from now on."""
    words = getattr(sys.stderr, "buffer", None)
    if isinstance(words, _Words):
        words.patience = seconds


def output_fault() -> OSError | None:
    """Why not everything could be written to standard output. What is left of it is given up then, also at a signal."""
    try:
        sys.stdout.flush()
    except OSError as fault:
        _give_up_output()
        return fault
    except BaseException:
        _give_up_output()
        raise
    return None


def _give_up_output() -> None:
    # The interpreter would try once more when it ends, and complain in words of its own, or wait for a stuck reader.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _open_missing() -> None:
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(_null(number), mode, closefd=False))


def _null(number: int) -> int:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        os.fstat(number)
    except OSError:
        os.dup2(null, number)
        return number
    return null
