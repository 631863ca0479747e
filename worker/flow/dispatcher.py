"""Runs what is first in its lanes on the handler threads, and holds what waits.

It takes deliveries from the consumer in the queue's order. When a connection is lost, everything of it that has not
started is forgotten: the broker brings all of it again, in order, and a command that still runs keeps its place in
front of its own repetition.

After a crash some of it is read, or run, with nothing else beside it (see worker/flow/alone).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from worker.domain.deliveries import Delivery
from worker.domain.ports import Clock
from worker.domain.work import Parked, Step, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.flow.alone.turns import ReadUnread
from worker.flow.alone.unread import Unread
from worker.flow.holding import Holding, Stuck
from worker.flow.lanes import Ticket
from worker.flow.later import Later


class Careful(Protocol):
    """Reads what may end the process; by one thread at a time, and with nothing else beside it."""

    def suspects(self, delivery: Delivery) -> bool:
        """Whether it must be read so. From any thread; quick."""

    def demands(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when that cannot be told yet."""

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it, or say when to try again."""

    def finish(self) -> Wait | None:
        """There is nothing more to read for now; Wait when that cannot be written down yet."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The two ends of the way that the dispatcher connects: reading a delivery, and running a unit of work.

    `reached` hears of the boundaries in front of the lanes, as the process tells of those behind them. Without
    `careful` nothing is suspected.
    """

    read: Callable[[Delivery], Work]
    run: Callable[[Work | Parked], Verdict]
    reached: Callable[[Step], None] = lambda _step: None
    careful: Careful | None = None


class Dispatcher:
    """The lanes and the handler threads."""

    def __init__(self, threads: int, clock: Clock, later: Later) -> None:
        self._stages: Stages | None = None
        self._clock = clock
        self._later = later
        self._holding = Holding(threads)
        self._turns = self._holding.turns
        self._lock = threading.Condition()
        self._unread = Unread(self._turns, self._lock, clock, self._enter)
        self._epoch = 0
        self._quiet = False
        self._draining = False
        self._stopping = False
        self._when_idle: Callable[[], None] | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"handler-{number:02}", daemon=True) for number in range(threads)
        ]

    @property
    def alive(self) -> bool:
        """Whether every handler thread still turns."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def running(self) -> int:
        """How many commands are being handled now."""
        return len(self._turns.running)

    @property
    def held(self) -> int:
        """How many deliveries wait: for a retry, behind their customer, or for a free thread."""
        with self._lock:
            return self._holding.waiting

    @property
    def parked(self) -> int:
        """How many of them lie in the ledger, and are the broker's no longer."""
        with self._lock:
            return self._holding.parked

    def start(self, stages: Stages) -> None:
        """Start the handler threads; nothing may be delivered before."""
        self._stages = stages
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads once they have finished what they run; does not wait for them."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()

    def delivered(self, delivery: Delivery) -> None:
        """Queue a delivery up in its lanes; at once, unless it or something before it must be read with care."""
        stages = self._stage()
        stages.reached(Step.ARRIVED)
        with self._lock:
            if self._is_suspect(delivery) or not self._turns.may_read:
                self._turns.unread.append(delivery)
                self._lock.notify()
                return
            self._turns.reading = True
        ticket = Ticket(stages.read(delivery))
        stages.reached(Step.DECODED)
        with self._lock:
            self._turns.reading = False
            self._enter(delivery, ticket)
            if self._turns.alone or self._turns.exclusive:
                self._lock.notify_all()
        stages.reached(Step.QUEUED)

    def consuming(self, epoch: int) -> None:
        """A new connection delivers: take up again."""
        with self._lock:
            self._epoch = epoch
            self._quiet = self._draining
            self._lock.notify_all()

    def lost(self, epoch: int) -> None:
        """Forget what that connection delivered and has not started."""
        with self._lock:
            if epoch < self._epoch:
                return
            self._holding.lose()
            self._lock.notify_all()

    def allow(self, login: ProviderLogin, running: int) -> None:
        """How many commands that need this login may run at once from now on: 0 pauses, what runs is finished."""
        with self._lock:
            self._turns.allowed[login] = min(running, len(self._threads))
            self._lock.notify_all()

    def quiesce(self, when_idle: Callable[[], None]) -> None:
        """Take nothing up any more until the next `consuming`; call back once nothing runs.

        Asked again meanwhile it does nothing: one pause is under way, and its callback will come once.
        """
        with self._lock:
            if self._quiet:
                return
            self._quiet = True
            self._when_idle = when_idle
            self._lock.notify_all()
        self._tell_if_idle()

    def drain(self, when_idle: Callable[[], None]) -> None:
        """Take nothing up ever again; call back once nothing runs."""
        with self._lock:
            self._draining = True
            self._quiet = True
            self._when_idle = when_idle
            self._lock.notify_all()
        self._tell_if_idle()

    def oldest_age(self) -> float:
        """Seconds since the oldest delivery that is still unsettled arrived; 0 when there is none."""
        with self._lock:
            oldest = self._holding.oldest
            return self._clock.monotonic() - oldest.arrived_at if oldest else 0.0

    def stuck(self, window: int) -> Stuck | None:
        """What to park for the sake of others, in a window of so many deliveries; None when nothing is to be parked."""
        with self._lock:
            return None if self._quiet else self._holding.stuck(window, self._clock.monotonic())

    def park(self, stuck: Stuck, places: Sequence[Parked]) -> list[int]:
        """Take note that these lie in the ledger, at these places; returns the positions that nobody needs any more."""
        with self._lock:
            spent = self._holding.park(stuck, places)
            self._lock.notify_all()
            return spent

    def adopt(self, places: Sequence[Parked]) -> None:
        """Run these before all that shares a lane with them and is not parked before them."""
        with self._lock:
            self._holding.adopt(places)
            self._lock.notify_all()

    def release(self) -> list[int]:
        """Forget what is parked and does not run, for others to take; returns the positions."""
        with self._lock:
            return self._holding.release()

    def _stage(self) -> Stages:
        if self._stages is None:
            raise AssertionError("the dispatcher was not started before the consumer")
        return self._stages

    def _is_suspect(self, delivery: Delivery) -> bool:
        careful = self._stage().careful
        return careful is not None and careful.suspects(delivery)

    def _work(self) -> None:
        while (turn := self._take()) is not None:
            if isinstance(turn, ReadUnread):
                self._unread.read_all(self._stage(), self._leaves)
            else:
                work = replace(turn.work, alone=True) if turn.alone else turn.work
                self._finish(turn, self._stage().run(work))
            self._tell_if_idle()

    def _take(self) -> Ticket | ReadUnread | None:
        with self._lock:
            while not self._stopping:
                turn = None if self._quiet else self._turns.next()
                if turn is not None:
                    return turn
                self._lock.wait()
            return None

    def _leaves(self) -> bool:
        return self._stopping or self._quiet

    def _enter(self, delivery: Delivery, ticket: Ticket) -> None:
        if self._holding.enter(delivery.receipt, ticket):
            self._lock.notify()

    def _finish(self, ticket: Ticket, verdict: Verdict) -> None:
        with self._lock:
            was_alone = ticket.alone
            freed = self._holding.ended(ticket, verdict)
            if self._turns.exclusive or was_alone:
                # Somebody waits to be alone, or everybody has waited for this one.
                self._lock.notify_all()
            # This thread takes one of them itself; waking another for it would only make them fight.
            self._lock.notify(max(0, freed - 1))
            if ticket.waiting and isinstance(verdict, Wait):
                self._later.after(max(0.0, verdict.until - self._clock.now()), lambda: self._again(ticket))

    def _again(self, ticket: Ticket) -> None:
        with self._lock:
            if self._holding.again(ticket):
                self._lock.notify()

    def _tell_if_idle(self) -> None:
        with self._lock:
            if not (self._turns.idle and self._quiet) or self._when_idle is None:
                return
            call, self._when_idle = self._when_idle, None
        call()
