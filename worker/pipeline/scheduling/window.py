"""Gives the window of unsettled deliveries back before the broker's consumer timeout takes it away.

The broker counts from the delivery, not from the moment a command reaches the head of its lane. So when the oldest one
grows too old: take nothing up, let what runs finish, drop the connection. Everything comes back in order.
"""

from collections.abc import Callable

from worker.pipeline.scheduling.dispatcher import Dispatcher
from worker.pipeline.scheduling.timer import Timer

_CHECKS_PER_HOLD = 20
_LONGEST_CHECK_SECONDS = 5.0


class HoldWindow:
    """Looks at the oldest delivery from time to time."""

    def __init__(
        self, dispatcher: Dispatcher, give_back: Callable[[], None], hold_seconds: float, timer: Timer
    ) -> None:
        self._dispatcher = dispatcher
        self._give_back = give_back
        self._hold_seconds = hold_seconds
        self._timer = timer

    def start(self) -> None:
        """Look from now on, until the timer stops."""
        self._timer.after(min(self._hold_seconds / _CHECKS_PER_HOLD, _LONGEST_CHECK_SECONDS), self._look)

    def _look(self) -> None:
        if self._dispatcher.oldest_age() >= self._hold_seconds:
            self._dispatcher.quiesce(self._give_back)
        self.start()
