"""Catches up with what could not be read as it came, in its order, on a handler's thread."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from worker.domain.deliveries import Delivery
from worker.domain.ports import Clock
from worker.domain.work import Step, Wait, Work
from worker.flow.alone.turns import Turns
from worker.flow.lanes import Ticket

if TYPE_CHECKING:
    from worker.flow.dispatcher import Stages

#: How long it waits at the most before it tries again.
_LONGEST_REST_SECONDS = 1.0


class Unread:
    """Shares the dispatcher's lock and turns. `leaving`: whether nothing is to be taken up any more."""

    def __init__(
        self, turns: Turns, lock: threading.Condition, clock: Clock, enter: Callable[[Delivery, Ticket], None]
    ) -> None:
        self._turns = turns
        self._lock = lock
        self._clock = clock
        self._enter = enter

    def read_all(self, stages: "Stages", leaving: Callable[[], bool]) -> None:
        """Read all that waits, and let nothing else begin before the last mark is gone from the disk."""
        while (delivery := self._first(leaving)) is not None:
            read = self._read(delivery, stages, leaving)
            if isinstance(read, Wait):
                self._rest(read, leaving)
                continue
            stages.reached(Step.DECODED)
            self._let_in(delivery, Ticket(read))
            stages.reached(Step.QUEUED)
        while stages.careful and (wait := stages.careful.finish()) and not leaving():
            self._rest(wait, leaving)
        with self._lock:
            self._turns.caught_up()
            self._lock.notify_all()

    def _first(self, leaving: Callable[[], bool]) -> Delivery | None:
        with self._lock:
            return None if leaving() else next(iter(self._turns.unread), None)

    def _read(self, delivery: Delivery, stages: "Stages", leaving: Callable[[], bool]) -> Work | Wait:
        if stages.careful is None:
            return stages.read(delivery)
        alone = stages.careful.demands(delivery)
        if isinstance(alone, Wait):
            return alone
        if alone and not self._stands_alone(leaving):
            return Wait(0.0)
        return stages.careful.read(delivery)

    def _stands_alone(self, leaving: Callable[[], bool]) -> bool:
        """Wait until nothing runs; False when it is time to leave before."""
        with self._lock:
            self._turns.exclusive = True
            while self._turns.running and not leaving():
                self._lock.wait()
            return not self._turns.running

    def _let_in(self, delivery: Delivery, ticket: Ticket) -> None:
        with self._lock:
            # Otherwise its connection was lost meanwhile, and it will come again.
            if self._turns.unread and self._turns.unread[0] is delivery:
                self._turns.unread.popleft()
                self._enter(delivery, ticket)

    def _rest(self, wait: Wait, leaving: Callable[[], bool]) -> None:
        with self._lock:
            if not leaving():
                self._lock.wait(min(_LONGEST_REST_SECONDS, max(0.0, wait.until - self._clock.now())))
