"""The program on a machine whose wall clock jumps: SIGUSR1 sets it an hour ahead, SIGUSR2 sets it an hour back.

The monotonic clock goes on as ever, as it does on a real machine.
"""

import signal
import time
from unittest.mock import patch

from worker.cli.main import main

HOUR_SECONDS = 3600.0

_real = time.time


class Jumping:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self._ahead_seconds = 0.0

    def now(self) -> float:
        """Epoch seconds, as this machine believes."""
        return _real() + self._ahead_seconds

    def jump(self, seconds: float) -> None:
        """Set it."""
        self._ahead_seconds += seconds


def run() -> None:
    """Run the worker on that machine."""
    clock = Jumping()
    signal.signal(signal.SIGUSR1, lambda *_: clock.jump(HOUR_SECONDS))
    signal.signal(signal.SIGUSR2, lambda *_: clock.jump(-HOUR_SECONDS))
    with patch("time.time", clock.now):
        main()


if __name__ == "__main__":
    run()
