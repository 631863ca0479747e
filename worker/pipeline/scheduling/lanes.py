"""One lane per ordering key of a customer. Pure: no threads, no locks, no clock."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from worker.pipeline.job import Job


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
