"""Brings what the broker does not take again and again, and pauses intake meanwhile.

While events cannot be told, no command may be taken up: each would be applied and wait. So the first that fails begins
a pause, and what failed is told again here, one after the other and in turn, with a second's rest after each failure,
until the broker takes it. Only when nothing is left untold does intake go on. The commands themselves run again then,
and find their event told.

What this broker can never take is no reason to pause: it says nothing about any other message, and only its own
delivery waits (see worker/process.py).
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from worker.domain.deliveries import Outgoing
from worker.domain.ports import EventPublisher
from worker.errors import PublishFailed, Unpublishable
from worker.flow.pausing.causes import PauseCause

AGAIN_SECONDS = 1.0
#: A command runs again within a second or two of the pause's end. One that has not by then tells its event twice.
TOLD_SECONDS = 30.0
#: It ends when the broker takes messages again, and not by time.
_UNTIL_RELEASED_SECONDS = 365 * 86_400.0


class Intake(Protocol):
    """What is paused, and goes on."""

    def hold(self, cause: PauseCause, seconds: float, detail: str) -> None:
        """Take nothing up for so long, or until it is released."""

    def release(self, cause: PauseCause) -> None:
        """Go on, as far as this cause is concerned."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message, and the subscription (its epoch) whose delivery waits for it."""

    message: Outgoing
    epoch: int


class Telling:
    """An `EventPublisher` that does not give up, around one that does; and the listener of the broker's own word.

    `after` has a clockwork call something: the broker's thread must not wait for our locks. `rest` waits so many
    seconds between two tries. `epoch` names the newest subscription: what was told for a delivery of an older one is
    told again, for that delivery may have been answered by another worker, and this be a repeat of the command.
    """

    def __init__(
        self,
        publisher: EventPublisher,
        intake: Intake,
        after: Callable[[float, Callable[[], None]], None],
        rest: Callable[[float], object] | None = None,
        epoch: Callable[[], int] = lambda: 0,
    ) -> None:
        self._publisher = publisher
        self._intake = intake
        self._after = after
        self._rest = rest or threading.Event().wait
        self._epoch = epoch
        self._lock = threading.Lock()
        self._untold: deque[_Kept] = deque()
        self._told: list[_Kept] = []
        self._failure: str | None = None
        self._hindrance: str | None = None

    def publish(self, message: Outgoing) -> None:
        """Return once the broker has confirmed it; raise PublishFailed when that is not certain yet.

        It is told all the same then, as soon as the broker takes it: to publish it again is right, and cheap. Raises
        Unpublishable for what is not told again, because the broker can never take it.
        """
        kept = _Kept(message, self._epoch())
        if self._was_told(kept):
            return
        try:
            self._publisher.publish(message)
        except Unpublishable:
            raise
        except PublishFailed as failure:
            self._keep(kept, str(failure))
            raise

    def hindered(self, reason: str) -> None:
        """The broker takes nothing now."""
        self._after(0, lambda: self._hinder(reason))

    def unhindered(self) -> None:
        """The broker takes messages again."""
        self._after(0, lambda: self._hinder(None))

    def _was_told(self, kept: _Kept) -> bool:
        with self._lock:
            if kept not in self._told:
                return False
            self._told.remove(kept)
            return True

    def _keep(self, kept: _Kept, failure: str) -> None:
        with self._lock:
            if kept not in self._untold:
                self._untold.append(kept)
            if self._failure is None:
                # What was told in an earlier pause and not asked for since then never will be: another worker has it.
                self._told = []
                threading.Thread(target=self._tell_all, name="telling", daemon=True).start()
            self._show(failure)

    def _hinder(self, reason: str | None) -> None:
        with self._lock:
            self._hindrance = reason
            self._show(self._failure)

    def _show(self, failure: str | None) -> None:
        self._failure = failure
        words = self._hindrance or failure
        if words is None:
            self._intake.release(PauseCause.PUBLISH)
        else:
            self._intake.hold(PauseCause.PUBLISH, _UNTIL_RELEASED_SECONDS, words)

    def _tell_all(self) -> None:
        try:
            while not self._has_ended():
                self._tell(self._untold[0])
        except BaseException:
            # Whatever it is, intake must not stay paused for it: the next failure begins again.
            self._end()
            raise

    def _tell(self, kept: _Kept) -> None:
        try:
            self._publisher.publish(kept.message)
        except Unpublishable:
            # Its delivery runs again, finds that out for itself, and is the only one to wait.
            with self._lock:
                self._untold.popleft()
        except PublishFailed as failure:
            with self._lock:
                # One that is refused alone must not keep the others from being tried.
                self._untold.rotate(-1)
                self._show(str(failure))
            self._rest(AGAIN_SECONDS)
        else:
            with self._lock:
                self._told.append(self._untold.popleft())

    def _has_ended(self) -> bool:
        with self._lock:
            ended = not self._untold
            if ended:
                self._show(None)
        if ended:
            self._after(TOLD_SECONDS, self._forget)
        return ended

    def _forget(self) -> None:
        with self._lock:
            self._told = []

    def _end(self) -> None:
        with self._lock:
            self._untold.clear()
            self._show(None)
