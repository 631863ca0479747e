"""The program on a machine whose wall clock jumps: SIGUSR1 sets it an hour ahead, SIGUSR2 sets it an hour back.

With `run SECONDS` it is so many seconds ahead from the start, so that a worker without comes to a clock set back. The
monotonic clock goes on as ever, as it does on a real machine.
"""

import signal
import sys
import time
from unittest.mock import patch

from worker.cli.main import main

HOUR_SECONDS = 3600.0

_real = time.time


class Jumping:
    """A wall clock that can be set."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead_seconds = ahead_seconds

    def now(self) -> float:
        """Epoch seconds, as this machine believes."""
        return _real() + self._ahead_seconds

    def jump(self, seconds: float) -> None:
        """Set it."""
        self._ahead_seconds += seconds


def run() -> None:
    """Run the worker on that machine."""
    clock = Jumping(float(sys.argv.pop(2)) if len(sys.argv) > 2 else 0.0)
    signal.signal(signal.SIGUSR1, lambda *_: clock.jump(HOUR_SECONDS))
    signal.signal(signal.SIGUSR2, lambda *_: clock.jump(-HOUR_SECONDS))
    with patch("time.time", clock.now):
        main()


if __name__ == "__main__":
    run()
