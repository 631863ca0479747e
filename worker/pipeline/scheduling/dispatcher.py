"""The scheduler for many threads: takes deliveries from the consumer, and starts every job that may run.

No thread waits here. The thread that changes something (a delivery, an ending, a pause's end) starts what may run
because of it, once the lock is free again.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.domain.deliveries import Delivery
from worker.domain.ports import Clock
from worker.domain.work import Parked, Step, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.pipeline.job import Job, JobState
from worker.pipeline.scheduling.run_queue import Isolation, ReadUnread
from worker.pipeline.scheduling.scheduler import Backlog, Scheduler
from worker.pipeline.scheduling.timer import Timer


@dataclass(frozen=True, slots=True)
class Stages:
    """What surrounds the scheduler: how a delivery is read, and where a job that has its turn is handed to.

    `read`: from bytes to a command or a refusal; never raises. `must_be_marked`: whether a delivery must be read alone,
    because reading it may have ended the last process. `start`: begins a job's turn, and returns at once.
    `read_unread`: has a thread read what waits unread. `reached` hears of the steps in front of the lanes.
    """

    read: Callable[[Delivery], Work]
    start: Callable[[Job], None]
    read_unread: Callable[[], None]
    must_be_marked: Callable[[Delivery], bool] = lambda _delivery: False
    reached: Callable[[Step], None] = lambda _step: None


class Dispatcher:
    """The Intake port: called by the consume connection's thread, and by every thread that ends a job's turn."""

    def __init__(self, slots: int, clock: Clock, timer: Timer) -> None:
        """`slots`: how many jobs may run at once, from their claim to their settlement."""
        self._lock = threading.Condition()
        self.scheduler = Scheduler(slots)
        self._queue = self.scheduler.queue
        self._slots = slots
        self._clock = clock
        self._timer = timer
        self._stages: Stages | None = None
        self._epoch = 0
        self._quiet = False
        self._draining = False
        self._stopping = False
        self._when_idle: Callable[[], None] | None = None

    @property
    def running(self) -> int:
        """How many jobs have a turn."""
        return len(self._queue.running)

    @property
    def held(self) -> int:
        """How many deliveries wait: for a retry, behind their customer, or for a free slot."""
        with self._lock:
            return self.scheduler.waiting

    @property
    def parked(self) -> int:
        """How many of them lie in the ledger, and are the broker's no longer."""
        with self._lock:
            return self.scheduler.parked

    @property
    def leaves(self) -> bool:
        """Whether nothing is to be taken up any more."""
        return self._stopping or self._quiet

    def start(self, stages: Stages) -> None:
        """Connect the stages; nothing may be delivered before."""
        self._stages = stages

    def stop(self) -> None:
        """Start nothing any more; what runs is not waited for. Safe to call twice."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()

    def delivered(self, delivery: Delivery) -> None:
        """Queue a delivery up in its lanes; at once, unless it or something before it must be read alone."""
        stages = self._connected()
        stages.reached(Step.ARRIVED)
        with self._lock:
            reads_now = self._queue.may_read and not stages.must_be_marked(delivery)
            if reads_now:
                self._queue.arriving = True
            else:
                self._queue.unread.append(delivery)
        if reads_now:
            job = Job(stages.read(delivery))
            stages.reached(Step.DECODED)
            with self._lock:
                self._queue.arriving = False
                self.scheduler.enter(delivery.receipt, job)
            stages.reached(Step.QUEUED)
        self.run_what_may()

    def consuming(self, epoch: int) -> None:
        """A new connection delivers: take up again."""
        with self._lock:
            self._epoch = epoch
            self._quiet = self._draining
        self.run_what_may()

    def lost(self, epoch: int) -> None:
        """Forget what that connection delivered and does not run."""
        with self._lock:
            if epoch < self._epoch:
                return
            self.scheduler.lose()
        self.run_what_may()

    def ended(self, job: Job, verdict: Verdict) -> None:
        """A job's turn is over, or its ending is published at last; one that waits for a time is woken then."""
        with self._lock:
            self.scheduler.ended(job, verdict)
            if self._queue.isolation is Isolation.READING_ALONE:
                self._lock.notify_all()
            waits = isinstance(verdict, Wait) and job.state is JobState.WAITING
        if waits and isinstance(verdict, Wait):
            self._timer.after(max(0.0, verdict.until - self._clock.now()), lambda: self._wait_is_over(job))
        self.turn_ended()

    def turn_ended(self) -> None:
        """Start what may run because a turn is over, or say that nothing runs any more."""
        self.run_what_may()
        self._call_if_idle()

    def allow(self, login: ProviderLogin, running: int) -> None:
        """Let at most `running` jobs that need this login run at once from now on; 0 pauses, running jobs finish."""
        with self._lock:
            self._queue.limits[login] = min(running, self._slots)
        # Not by this thread: it holds the locks of the circuit breaker, and a stage that fails at once asks for them.
        self._timer.after(0.0, self.run_what_may)

    def quiesce(self, when_idle: Callable[[], None]) -> None:
        """Start nothing until the next `consuming`; call back once nothing runs.

        Asked again meanwhile it does nothing: one is under way, and its callback will come once.
        """
        with self._lock:
            if self._quiet:
                return
            self._quiet = True
            self._when_idle = when_idle
            self._lock.notify_all()
        self._call_if_idle()

    def drain(self, when_idle: Callable[[], None]) -> None:
        """Start nothing ever again; call back once nothing runs."""
        with self._lock:
            self._draining = self._quiet = True
            self._when_idle = when_idle
            self._lock.notify_all()
        self._call_if_idle()

    def oldest_age(self) -> float:
        """Seconds since the oldest delivery that is still unsettled arrived; 0 when there is none."""
        with self._lock:
            oldest = self.scheduler.oldest
            return self._clock.monotonic() - oldest.arrived_at if oldest else 0.0

    def backlog(self, window: int) -> Backlog | None:
        """Return the jobs to park so that others can run, in a window of `window` deliveries; None for none."""
        with self._lock:
            return None if self._quiet else self.scheduler.backlog(window, self._clock.monotonic())

    def park(self, backlog: Backlog, places: Sequence[Parked]) -> list[int]:
        """Take note that these lie in the ledger, at these places; returns the positions that are needed no more."""
        with self._lock:
            spent = self.scheduler.park(backlog, places)
        self.run_what_may()
        return spent

    def adopt(self, places: Sequence[Parked]) -> None:
        """Run these before all that shares a lane with them and is not parked before them."""
        with self._lock:
            self.scheduler.adopt(places)
        self.run_what_may()

    def release(self) -> list[int]:
        """Forget what is parked and does not run, for other processes to take; returns the positions."""
        with self._lock:
            released = self.scheduler.release()
        self.run_what_may()
        return released

    def leave_unparked(self, job: Job) -> None:
        """Offer a job no more for parking, nor what stands behind it: the ledger did not take it."""
        with self._lock:
            job.unparkable = True

    def first_unread(self) -> Delivery | None:
        """The oldest delivery that waits unread; None when there is none, or nothing is to be taken up any more."""
        with self._lock:
            return None if self.leaves else next(iter(self._queue.unread), None)

    def isolate_reading(self) -> bool:
        """Give no turn until all is read, and wait until nothing runs; False when it is time to leave before."""
        with self._lock:
            self._queue.read_alone()
            while self._queue.running and not self.leaves:
                self._lock.wait()
            return not self._queue.running

    def admit(self, delivery: Delivery, job: Job) -> None:
        """Let the oldest unread delivery queue up as this job; nothing when its connection was lost meanwhile."""
        with self._lock:
            # Lost, it comes again: what waits now came after it.
            if self._queue.unread and self._queue.unread[0] is delivery:
                self._queue.unread.popleft()
                self.scheduler.enter(delivery.receipt, job)

    def rest(self, seconds: float) -> None:
        """Wait so long before the next look at what is unread, or until it is time to leave."""
        with self._lock:
            if not self.leaves:
                self._lock.wait(seconds)

    def all_read(self) -> None:
        """Nothing waits unread any more: jobs run side by side again."""
        with self._lock:
            self._queue.all_read()
        self.turn_ended()

    def run_what_may(self) -> None:
        """Give every turn that may be given, and begin it; nothing before the start."""
        stages = self._stages
        if stages is None:
            # A pause that was read from the ledger may begin and end before the first delivery.
            return
        with self._lock:
            turns = [] if self.leaves else list(self._queue.startable())
        for turn in turns:
            if isinstance(turn, ReadUnread):
                stages.read_unread()
            else:
                stages.start(turn)

    def _connected(self) -> Stages:
        if self._stages is None:
            raise AssertionError("the dispatcher was not started before the consumer")
        return self._stages

    def _wait_is_over(self, job: Job) -> None:
        with self._lock:
            self.scheduler.wait_is_over(job)
        self.run_what_may()

    def _call_if_idle(self) -> None:
        with self._lock:
            if not (self._queue.is_idle and self._quiet) or self._when_idle is None:
                return
            call, self._when_idle = self._when_idle, None
        call()
