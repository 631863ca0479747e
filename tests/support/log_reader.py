"""What reads a worker's log in a container: a pipe that somebody copies from, or stops copying from."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The smallest pipe there is: a few lines fill it.
_PIPE_BYTES = 4096


class LogReader:
    """Copies everything from the pipe into the file; `stop` leaves the pipe to fill up."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._reads = threading.Event()
        self._reads.set()
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def start(self) -> None:
        """Read from now on; the file is there, also while nothing has come."""
        self._log.touch()
        self._thread.start()

    def stop(self) -> None:
        """Read nothing but what is being read, until asked to go on."""
        self._reads.clear()

    def go_on(self) -> None:
        """Read again."""
        self._reads.set()

    def end(self) -> None:
        """Read to the end, once nobody writes any more."""
        self.go_on()
        self._thread.join()
        os.close(self._reading)

    def _copy(self) -> None:
        with self._log.open("ab", buffering=0) as file:
            while read := os.read(self._reading, _PIPE_BYTES):
                file.write(read)
                self._reads.wait()


@contextmanager
def log_reader(log: Path) -> Iterator[LogReader]:
    """Yield a reader whose `writing` end is to be handed to a process; reads to the end afterwards."""
    reader = LogReader(log)
    reader.start()
    try:
        yield reader
    finally:
        os.close(reader.writing)
        reader.end()
