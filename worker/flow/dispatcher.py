"""Runs what is first in its lanes on the handler threads, and holds what waits.

It takes deliveries from the consumer in the queue's order. When a connection is lost, everything of it that has not
started is forgotten: the broker brings all of it again, in order, and a command that still runs keeps its place in
front of its own repetition.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from worker.domain.deliveries import Delivery, Receipt
from worker.domain.ports import Clock
from worker.domain.work import Settled, Step, Verdict, Wait, Work
from worker.flow.lanes import Lanes, Ticket
from worker.flow.later import Later


@dataclass(frozen=True, slots=True)
class Stages:
    """The two ends of the way that the dispatcher connects: reading a delivery, and running a unit of work.

    `reached` hears of the boundaries in front of the lanes, as the process tells of those behind them.
    """

    read: Callable[[Delivery], Work]
    run: Callable[[Work], Verdict]
    reached: Callable[[Step], None] = lambda _step: None


class Dispatcher:
    """The lanes and the handler threads."""

    def __init__(self, threads: int, clock: Clock, later: Later) -> None:
        self._stages: Stages | None = None
        self._clock = clock
        self._later = later
        self._lanes = Lanes()
        self._ready: deque[Ticket] = deque()
        self._unsettled: dict[Receipt, Ticket] = {}
        self._lock = threading.Condition()
        self._epoch = 0
        # Those of lost connections too: however many are lost meanwhile, each keeps its lanes until it has finished.
        self._running: set[Ticket] = set()
        self._allowed = threads
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
        return len(self._running)

    @property
    def held(self) -> int:
        """How many deliveries wait: for a retry, behind their customer, or for a free thread."""
        with self._lock:
            return sum(not ticket.running for ticket in self._unsettled.values())

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
        """Queue a delivery up in its lanes."""
        stages = self._stage()
        stages.reached(Step.ARRIVED)
        ticket = Ticket(stages.read(delivery))
        stages.reached(Step.DECODED)
        with self._lock:
            self._unsettled[delivery.receipt] = ticket
            if self._lanes.enter(ticket):
                self._enqueue(ticket)
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
            for ticket in self._unsettled.values():
                ticket.dropped = True
            self._ready.clear()
            self._lanes.keep_only(self._running)
            self._unsettled = {}

    def allow(self, running: int) -> None:
        """How many commands may run at once from now on: 0 pauses, what runs is finished."""
        with self._lock:
            self._allowed = min(running, len(self._threads))
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
        self._tell_if_idle()

    def drain(self, when_idle: Callable[[], None]) -> None:
        """Take nothing up ever again; call back once nothing runs."""
        with self._lock:
            self._draining = True
            self._quiet = True
            self._when_idle = when_idle
        self._tell_if_idle()

    def oldest_age(self) -> float:
        """Seconds since the oldest delivery that is still unsettled arrived; 0 when there is none."""
        with self._lock:
            first = next(iter(self._unsettled.values()), None)
            return self._clock.monotonic() - first.work.delivery.arrived_at if first else 0.0

    def _stage(self) -> Stages:
        if self._stages is None:
            raise AssertionError("the dispatcher was not started before the consumer")
        return self._stages

    def _work(self) -> None:
        while (ticket := self._take()) is not None:
            verdict = self._stage().run(ticket.work)
            self._finish(ticket, verdict)
            self._tell_if_idle()

    def _take(self) -> Ticket | None:
        with self._lock:
            while not self._stopping:
                if self._ready and len(self._running) < self._allowed and not self._quiet:
                    ticket = self._ready.popleft()
                    ticket.running = True
                    self._running.add(ticket)
                    return ticket
                self._lock.wait()
            return None

    def _finish(self, ticket: Ticket, verdict: Verdict) -> None:
        with self._lock:
            ticket.running = False
            self._running.remove(ticket)
            if isinstance(verdict, Settled) and not ticket.dropped:
                del self._unsettled[ticket.work.delivery.receipt]
            if isinstance(verdict, Settled) or ticket.dropped:
                freed = self._lanes.leave(ticket)
                self._ready.extend(freed)
                # This thread takes one of them itself; waking another for it would only make them fight.
                self._lock.notify(max(0, len(freed) - 1))
            else:
                self._wait(ticket, verdict)

    def _wait(self, ticket: Ticket, verdict: Wait) -> None:
        self._later.after(max(0.0, verdict.until - self._clock.now()), lambda: self._again(ticket))

    def _again(self, ticket: Ticket) -> None:
        with self._lock:
            # Dropped while it waited: its repetition is already in the lanes, or on its way.
            if not ticket.dropped:
                self._enqueue(ticket)

    def _enqueue(self, ticket: Ticket) -> None:
        self._ready.append(ticket)
        self._lock.notify()

    def _tell_if_idle(self) -> None:
        with self._lock:
            if self._running or not self._quiet or self._when_idle is None:
                return
            call, self._when_idle = self._when_idle, None
        call()
