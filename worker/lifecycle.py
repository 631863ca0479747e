"""What everything that has threads of its own obeys, so that one place can start, watch and stop all of it."""

from typing import Protocol


class Part(Protocol):
    """Has threads from its start to its stop; a part that has been stopped is not started again.

    `stop` is bounded, or waits only for what is bounded itself; where it takes a deadline (seconds), what has not ended
    by then is left to the end of the process.
    """

    @property
    def alive(self) -> bool:
        """Whether all its threads run. False before the start, after the stop, and once one of them has died."""

    def start(self) -> None:
        """Return when it runs; raise when it cannot."""

    def stop(self) -> object:
        """End it. Harmless when it was never started, and when it is called again."""
