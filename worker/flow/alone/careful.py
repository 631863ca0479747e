"""Reads what may have ended the last process: one message at a time, behind a mark on disk, with nothing beside it.

A message is marked before it is read and unmarked after. When the process dies in between, the next one finds the mark
and knows what it died of. So it costs a commit for each message that the broker brings again after a crash, and nothing
at all otherwise: whether there was a crash is asked once for each connection, when the first such message comes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from worker.domain.claims import MOST_CRASHES, Held
from worker.domain.deliveries import Delivery
from worker.domain.ports import Clock, CrashMarks
from worker.domain.work import Wait, Work
from worker.errors import LedgerError
from worker.flow.pausing.causes import PauseCause
from worker.flow.pausing.pause import Pause

_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """The ways to look at a delivery: read it, name its mark, or leave it unread after so many crashes."""

    read: Callable[[Delivery], Work]
    mark: Callable[[Delivery], bytes]
    leave_unread: Callable[[Delivery, int], Work]


class CarefulReader:
    """Used by one thread at a time, but for `suspects`."""

    def __init__(self, eyes: Eyes, marks: CrashMarks, pause: Pause, clock: Clock) -> None:
        self._eyes = eyes
        self._marks = marks
        self._pause = pause
        self._clock = clock
        self._harmless_epoch = 0
        self._careful_epoch = 0
        self._marked = False
        # Whoever died then has left nothing that this process has not read, and lived.
        self._survived: float | None = None
        self._death: float | None = None

    def suspects(self, delivery: Delivery) -> bool:
        """Whether it must be read here. From any thread; a look at memory.

        Only what a process had before can have ended one. Nobody knows yet of a new connection's first such message.
        """
        return delivery.redelivered and delivery.receipt.epoch != self._harmless_epoch

    def demands(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when the ledger cannot tell now."""
        try:
            return self._is_careful(delivery)
        except LedgerError as trouble:
            return self._held_up(trouble)

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it alone, or leave it unread; Wait when it cannot be marked now, or may still be in another's hands."""
        try:
            return self._read(delivery)
        except LedgerError as trouble:
            return self._held_up(trouble)

    def finish(self) -> Wait | None:
        """Take the mark away before anything else runs; Wait when that is not possible now."""
        try:
            self._unmark()
        except LedgerError as trouble:
            return self._held_up(trouble)
        return None

    def _read(self, delivery: Delivery) -> Work | Wait:
        if not self._is_careful(delivery):
            self._unmark()
            return self._eyes.read(delivery)
        # Whatever comes of it, the mark may be on disk from here on.
        self._marked = True
        match self._marks.begin_reading(self._eyes.mark(delivery)):
            case Held(until):
                return Wait(until)
            case reading if reading.crashes >= MOST_CRASHES:
                return self._eyes.leave_unread(delivery, reading.crashes)
            case _:
                return self._eyes.read(delivery)

    def _is_careful(self, delivery: Delivery) -> bool:
        epoch = delivery.receipt.epoch
        if not self.suspects(delivery):
            return False
        if epoch != self._careful_epoch:
            death = self._marks.last_death()
            if death is None or death == self._survived:
                self._harmless_epoch = epoch
                return False
            self._careful_epoch, self._death = epoch, death
        return True

    def _unmark(self) -> None:
        if self._marked:
            self._marks.end_reading()
            self._marked = False
            self._survived = self._death

    def _held_up(self, trouble: LedgerError) -> Wait:
        self._pause.hold(PauseCause.LEDGER, _AGAIN_SECONDS, str(trouble))
        return Wait(self._clock.now() + _AGAIN_SECONDS)
