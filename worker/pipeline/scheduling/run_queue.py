"""Which job gets the next turn: the lanes of the customers, and the queue of what is first in them. Pure.

There is one lane per ordering key of a customer; no threads, no locks, no clock. Most jobs that are first in all of
their lanes run side by side. A quarantined job runs with nothing beside it: it gets its turn when nothing runs, and
until it has ended no other gets one. Reading what may have ended the last process is isolated likewise.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from worker.domain.deliveries import Delivery
from worker.errors import ProviderLogin
from worker.pipeline.job import Job, JobState


@dataclass(slots=True)
class Lanes:
    """Finds which jobs are first in all of their lanes."""

    _queues: dict[str, deque[Job]] = field(default_factory=dict)

    def enter(self, job: Job) -> bool:
        """Queue up behind every earlier job that shares a lane; True when nothing is before it."""
        job.blockers = 0
        for key in job.work.lanes:
            queue = self._queues.get(key)
            if queue is None:
                self._queues[key] = deque((job,))
            else:
                job.blockers += 1
                queue.append(job)
        return job.blockers == 0

    def leave(self, job: Job) -> list[Job]:
        """Take a job out; returns those that are first in all of their lanes because of it."""
        freed = []
        for key in job.work.lanes:
            queue = self._queues[key]
            if queue[0] is not job:
                # It has run, and another has come to stand before it while it waited for its answer to be published.
                queue.remove(job)
                continue
            queue.popleft()
            if not queue:
                del self._queues[key]
                continue
            queue[0].blockers -= 1
            if queue[0].blockers == 0:
                freed.append(queue[0])
        return freed

    def has_followers(self, job: Job) -> bool:
        """Whether another job stands behind one that is first in its lanes."""
        return any(len(self._queues[key]) > 1 for key in job.work.lanes)

    def rebuild(self, jobs: Iterable[Job]) -> list[Job]:
        """Forget everything but these, and let them enter in this order; returns those with nothing before them."""
        self._queues.clear()
        return [job for job in jobs if self.enter(job)]


class Isolation(StrEnum):
    """Whether a job may run beside others.

    SHARED: jobs run side by side. READING: they do, and so does the reading of what is unread. READING_ALONE: nothing
    gets a turn until that reading has ended. RUNNING_ALONE: a quarantined job runs. RESERVED: it did, it waits and has
    not ended, so nothing may run before it has run again.
    """

    SHARED = "shared"
    READING = "reading"
    READING_ALONE = "reading alone"
    RUNNING_ALONE = "running alone"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class ReadUnread:
    """The turn to read everything that waits unread."""


Turn = Job | ReadUnread


@dataclass(slots=True)
class RunQueue:
    """What waits for a turn, and what has one.

    `slots`: how many jobs may run at once; `limits`: how many of those that need one login. `running` holds those of
    lost connections too, until they have ended. `arriving`: a delivery is being read as it arrives.
    """

    slots: int
    limits: dict[ProviderLogin, int]
    unread: deque[Delivery] = field(default_factory=deque)
    running: set[Job] = field(default_factory=set)
    isolation: Isolation = Isolation.SHARED
    arriving: bool = False
    _ready: dict[ProviderLogin, deque[Job]] = field(default_factory=lambda: {login: deque() for login in ProviderLogin})
    _busy: dict[ProviderLogin, int] = field(default_factory=lambda: dict.fromkeys(ProviderLogin, 0))
    _quarantined: deque[Job] = field(default_factory=deque)
    _number: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing has a turn."""
        return not self.running and self.isolation not in (Isolation.READING, Isolation.READING_ALONE)

    @property
    def may_read(self) -> bool:
        """Whether a delivery may be read as it arrives: none before it is unread, and nothing is isolated."""
        return not self.unread and self.isolation is Isolation.SHARED

    @property
    def is_starved(self) -> bool:
        """Whether no job that waits for a turn could have one: what is held waits for something else."""
        if self.arriving or not self.may_read:
            return False
        waiting = [login for login, queue in self._ready.items() if queue]
        waiting += [job.work.login for job in self._quarantined]
        return not any(self.limits[login] for login in waiting)

    def put(self, job: Job) -> None:
        """Let a job wait for its turn."""
        self._number += 1
        job.ready_number = self._number
        (self._quarantined if job.quarantined else self._ready[job.work.login]).append(job)

    def next(self) -> Turn | None:
        """Give the next turn; None when no one may have one now."""
        if self.isolation in (Isolation.READING_ALONE, Isolation.RUNNING_ALONE):
            return None
        if self.isolation is Isolation.RESERVED and not self._quarantined:
            return None
        quarantined = self._next_quarantined()
        if self.isolation is Isolation.RESERVED and quarantined is None:
            # A quarantined job whose login is paused holds no other up, not even one that was to run first.
            self.isolation = Isolation.SHARED
        if self.unread and self.isolation is Isolation.SHARED:
            self.isolation = Isolation.READING
            return ReadUnread()
        if quarantined is not None:
            return self._start_alone(quarantined)
        return self._next_ready()

    def ended(self, job: Job) -> None:
        """Take the turn of a job back."""
        self.running.remove(job)
        self._busy[job.work.login] -= 1
        if self.isolation is Isolation.RUNNING_ALONE:
            self.isolation = Isolation.SHARED

    def read_alone(self) -> None:
        """Give no turn from now on until `all_read`."""
        self.isolation = Isolation.READING_ALONE

    def all_read(self) -> None:
        """Take the turn to read back."""
        self.isolation = Isolation.SHARED

    def forget_waiting(self) -> None:
        """Forget which jobs wait for a turn."""
        for queue in self._ready.values():
            queue.clear()
        self._quarantined.clear()

    def forget_unread(self) -> None:
        """Forget what waits unread, and that nothing may run before a job of a lost connection."""
        self.unread.clear()
        self.let_run()

    def reserve(self) -> None:
        """Give no turn before the quarantined job that ran last has run again."""
        self.isolation = Isolation.RESERVED

    def let_run(self) -> None:
        """Give turns again though that job has not run again."""
        if self.isolation is Isolation.RESERVED:
            self.isolation = Isolation.SHARED

    def startable(self) -> Iterable[Turn]:
        """Give one turn after another until no one may have one."""
        while (turn := self.next()) is not None:
            yield turn

    def _next_quarantined(self) -> Job | None:
        """The least suspicious first: processes that are killed from outside are then alone with another each time."""
        if not self._quarantined:
            return None
        able = [job for job in self._quarantined if self.limits[job.work.login]]
        return min(able, key=lambda job: job.crashes, default=None)

    def _next_ready(self) -> Job | None:
        """The one that has been ready for the longest time, of those whose login has room."""
        able = [queue for login, queue in self._ready.items() if queue and self._busy[login] < self.limits[login]]
        if not able or len(self.running) >= self.slots:
            return None
        return self._started(min(able, key=lambda queue: queue[0].ready_number).popleft())

    def _start_alone(self, quarantined: Job) -> Job | None:
        """Start it if nothing else is under way."""
        if self.running or self.arriving or self.isolation is Isolation.READING:
            return None
        self._quarantined.remove(quarantined)
        self.isolation = Isolation.RUNNING_ALONE
        return self._started(quarantined)

    def _started(self, job: Job) -> Job:
        job.state = JobState.RUNNING
        self.running.add(job)
        self._busy[job.work.login] += 1
        return job
