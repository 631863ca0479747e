"""The threads that run what blocks: attempts at the provider, and looks into the ledger."""

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

    def stop(self) -> None:
        """End the threads after what is submitted; does not wait for them. Safe to call twice, and before start."""
        for _ in self._threads:
            self._waiting.put(None)

    def submit(self, function: Callable[[], None]) -> None:
        """Run this on one of the threads. It must not raise: that would end the thread."""
        self._waiting.put(function)

    def _run(self) -> None:
        while (function := self._waiting.get()) is not None:
            function()
