"""The program with a trap: it ends by SIGKILL when a delivery reaches a step for the nth time.

Its arguments are the step's name and n; everything else is as in a real run.
"""

import os
import signal
import sys
import threading
from unittest.mock import patch

from worker.cli.commands.run import run
from worker.domain.work import Step


class Trap:
    """Counts how often the step is reached, by whichever thread."""

    def __init__(self, step: Step, nth: int) -> None:
        self._step = step
        self._left = nth
        self._lock = threading.Lock()

    def reached(self, step: Step) -> None:
        """Hear of a step; the nth time of the chosen one is the end."""
        if step is not self._step:
            return
        with self._lock:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the worker until the trap snaps."""
    trap = Trap(Step(sys.argv[1]), int(sys.argv[2]))
    with patch("worker.cli.commands.run._pass", trap.reached):
        run()


if __name__ == "__main__":
    main()
