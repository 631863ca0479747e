"""The threads that run what blocks: attempts at the provider, and looks into the ledger."""

import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread


class AttemptThreads:
    """So many threads, each of which runs one function at a time, in the order in which they were submitted."""

    def __init__(self, count: int) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"attempt-{number:02}", daemon=True) for number in range(count)]

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, deadline_seconds: float = 1.0) -> None:
        """End the threads after what is submitted; a call that takes longer is left to the end of the process."""
        until = time.monotonic() + deadline_seconds
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def submit(self, function: Callable[[], None]) -> None:
        """Run this on one of the threads. It must not raise: that would end the thread."""
        self._waiting.put(function)

    def _run(self) -> None:
        while (function := self._waiting.get()) is not None:
            function()
