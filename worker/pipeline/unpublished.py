"""The one place for what the broker does not take: it is published again and again, and intake pauses meanwhile.

While events cannot be published, no command may be taken up: each would be applied and wait. So the first that fails
begins a pause, and what failed is published again here, one run after the other and in turn, with a second's rest after
each failure, until the broker takes it. Only when nothing is left does intake go on.

What the broker can never take is no reason to pause: it says nothing about any other message, and only its own command
waits (see `Response.WAIT_FOR_OPERATOR`).
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from worker.intake.causes import PauseCause
from worker.pipeline.job import Run

AGAIN_SECONDS = 1.0
#: The pause ends when the broker takes messages again, and not by time.
_UNTIL_RELEASED_SECONDS = 365 * 86_400.0


class PausableIntake(Protocol):
    """What is paused, and goes on."""

    def hold(self, cause: PauseCause, seconds: float, detail: str) -> None:
        """Take nothing up for so long, or until it is released."""

    def release(self, cause: PauseCause) -> None:
        """Go on, as far as this cause is concerned."""


class UnpublishedRuns:
    """Keeps the runs whose messages the broker did not take, and publishes them again, at once when an alarm ends.

    `after` has the timer call something so many seconds from now: that the broker's own word begins a pause, and that
    something is published again, is none of the broker's thread's work.
    """

    def __init__(self, intake: PausableIntake, after: Callable[[float, Callable[[], None]], None]) -> None:
        self._intake = intake
        self._after = after
        self._publish: Callable[[Run], None] = _not_started
        self._lock = threading.Lock()
        self._runs: deque[Run] = deque()
        self._failure: str | None = None
        self._alarm: str | None = None

    def start(self, publish: Callable[[Run], None]) -> None:
        """Start with the function that publishes a run's messages and then calls `keep` or `remove`."""
        self._publish = publish

    def keep(self, run: Run, failure: str) -> None:
        """Keep a run until it is published, or learn that it could not be published again."""
        with self._lock:
            is_new = run not in self._runs
            if is_new:
                self._runs.append(run)
            else:
                # One that is refused alone must not keep the others from being tried.
                self._runs.remove(run)
                self._runs.append(run)
            begins = self._failure is None
            self._show(failure)
        if begins or not is_new:
            self._after(0.0 if begins else AGAIN_SECONDS, self._publish_next)

    def remove(self, run: Run) -> None:
        """Its messages are published, or can never be; a run that is not kept is no error."""
        if not self._runs:
            return
        with self._lock:
            if run not in self._runs:
                return
            self._runs.remove(run)
        self._after(0.0, self._publish_next)

    def hindered(self, reason: str | None) -> None:
        """The broker takes nothing now, for this reason, or (None) takes messages again."""
        self._after(0.0, lambda: self._set_alarm(reason))

    def _publish_next(self) -> None:
        with self._lock:
            if not self._runs:
                self._show(None)
                return
            run = self._runs[0]
        self._publish(run)

    def _set_alarm(self, reason: str | None) -> None:
        with self._lock:
            self._alarm = reason
            self._show(self._failure)

    def _show(self, failure: str | None) -> None:
        self._failure = failure
        words = self._alarm or failure
        if words is None:
            self._intake.release(PauseCause.PUBLISH)
        else:
            self._intake.hold(PauseCause.PUBLISH, _UNTIL_RELEASED_SECONDS, words)


def _not_started(_run: Run) -> None:
    raise AssertionError("nothing is kept before the start")
