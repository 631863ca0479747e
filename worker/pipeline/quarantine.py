"""Reads what may have ended the last process: one message at a time, behind a mark on disk, with nothing beside it.

A message is marked before it is read and unmarked after. When the process dies in between, the next one finds the mark
and knows what it died of. So it costs a commit for each message that the broker brings again after a crash, and nothing
at all otherwise: whether there was a crash is asked once for each connection, when the first such message comes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from worker.domain.claims import MOST_CRASHES, Held
from worker.domain.deliveries import Delivery
from worker.domain.ports import Clock, CrashMarks
from worker.domain.work import Step, Wait, Work
from worker.errors import LedgerError
from worker.pipeline.job import Job
from worker.pipeline.scheduling.dispatcher import Dispatcher

_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class DeliveryReader:
    """The ways to treat a delivery: read it, compute its crash mark, or reject it unread after so many crashes."""

    read: Callable[[Delivery], Work]
    mark: Callable[[Delivery], bytes]
    reject_unread: Callable[[Delivery, int], Work]


class MarkedReader:
    """Reads one delivery behind its mark. Used by one thread at a time, but for `must_be_marked`."""

    def __init__(
        self, reader: DeliveryReader, marks: CrashMarks, pause_intake: Callable[[float, str], None], clock: Clock
    ) -> None:
        self._reader = reader
        self._marks = marks
        self._pause_intake = pause_intake
        self._clock = clock
        self._harmless_epoch = 0
        self._careful_epoch = 0
        self._marked = False
        # The process that died then has left nothing that this one has not read, and lived.
        self._survived: float | None = None
        self._death: float | None = None

    def must_be_marked(self, delivery: Delivery) -> bool:
        """Whether it must be read here. From any thread; reads memory only.

        Only what a process had before can have ended one. Of a new connection's first such message it is not known yet.
        """
        return delivery.redelivered and delivery.receipt.epoch != self._harmless_epoch

    def demands_isolation(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when the ledger cannot answer now."""
        try:
            return self._is_careful(delivery)
        except LedgerError as trouble:
            return self._held_up(trouble)

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it alone, or reject it; Wait when it cannot be marked now, or another process may be reading it."""
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
            return self._reader.read(delivery)
        # Whatever comes of it, the mark may be on disk from here on.
        self._marked = True
        match self._marks.begin_reading(self._reader.mark(delivery)):
            case Held(until):
                return Wait(until)
            case reading if reading.crashes >= MOST_CRASHES:
                return self._reader.reject_unread(delivery, reading.crashes)
            case _:
                return self._reader.read(delivery)

    def _is_careful(self, delivery: Delivery) -> bool:
        epoch = delivery.receipt.epoch
        if not self.must_be_marked(delivery):
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
        self._pause_intake(_AGAIN_SECONDS, str(trouble))
        return Wait(self._clock.now() + _AGAIN_SECONDS)


class CarefulReader(Protocol):
    """Reads one delivery at a time: `MarkedReader`, or what a test has in its place."""

    def demands_isolation(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when that cannot be known now."""

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it, or say when to try again."""

    def finish(self) -> Wait | None:
        """There is nothing more to read for now; Wait when that cannot be written down yet."""


class QuarantineReader:
    """Reads everything that waits unread, in its order, on one of the attempt threads."""

    def __init__(
        self, dispatcher: Dispatcher, reader: CarefulReader, clock: Clock, reached: Callable[[Step], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self._clock = clock
        self._reached = reached

    def read_all(self) -> None:
        """Read all that waits. Once one had to be read alone, nothing begins before its mark is gone from the disk."""
        while (delivery := self._dispatcher.first_unread()) is not None:
            read = self._read(delivery)
            if isinstance(read, Wait):
                self._rest(read)
                continue
            self._reached(Step.DECODED)
            self._dispatcher.admit(delivery, Job(read))
            self._reached(Step.QUEUED)
        while (wait := self._reader.finish()) and not self._dispatcher.leaves:
            self._rest(wait)
        self._dispatcher.all_read()

    def _read(self, delivery: Delivery) -> Work | Wait:
        isolated = self._reader.demands_isolation(delivery)
        if isinstance(isolated, Wait):
            return isolated
        if isolated and not self._dispatcher.isolate_reading():
            return Wait(0.0)
        return self._reader.read(delivery)

    def _rest(self, wait: Wait) -> None:
        self._dispatcher.rest(min(_AGAIN_SECONDS, max(0.0, wait.until - self._clock.now())))
