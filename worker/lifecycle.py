"""What everything that has threads of its own obeys, so that one place can start, watch and stop all of it."""

from abc import ABC, abstractmethod
from threading import Event, Thread
from typing import Protocol


class Part(Protocol):
    """Has threads from its start to its stop; a part that has been stopped is not started again.

    `stop` is bounded, or waits only for what is bounded itself; where it takes a deadline (seconds), what has not ended
    by then is left to the end of the process.
    """

    @property
    def alive(self) -> bool:
        """Whether all its threads run. False before the start, after the stop, and once a thread ended by itself."""

    def start(self) -> None:
        """Return when it runs; raise when it cannot."""

    def stop(self) -> object:
        """End it. Harmless when it was never started, and when it is called again."""


class RepeatingPart(ABC):
    """A part with one thread, which looks again and again until it is stopped."""

    def __init__(self, name: str, every_seconds: float, first_seconds: float | None = None) -> None:
        """`first_seconds` pass before the first look, `every_seconds` from the end of each to the next one."""
        self._every_seconds = every_seconds
        self._first_seconds = every_seconds if first_seconds is None else first_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the look that is under way."""
        self._stopping.set()
        if self.alive:
            self._thread.join()

    @abstractmethod
    def look(self) -> None:
        """Do what is to be done each time. What this raises ends the thread."""

    def _run(self) -> None:
        wait = self._first_seconds
        while not self._stopping.wait(wait):
            self.look()
            wait = self._every_seconds
