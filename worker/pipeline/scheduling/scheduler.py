"""Decides when each command runs. It owns every job's state: all transitions of `job.py` are here and in its run queue.

The consume connection hands deliveries over in the queue's order. A job runs when it is first in all of its lanes and a
slot is free. When a connection is lost, everything of it that does not run is forgotten: the broker brings all of it
again, in order.

Parked jobs stand before everything in their lanes that is not parked. So when some are parked, all that stands before
them in any of their lanes is parked with them: after a crash they are there at once, while what the broker kept is
still on its way. For the same reason nothing is parked that stands behind one which cannot be.

Pure: no threads, no locks. `dispatcher.py` calls it under its lock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from worker.domain.deliveries import Delivery, Receipt
from worker.domain.work import Kept, Parked, Quarantine, Settled, Verdict, Wait, Work
from worker.errors import MAIN_LOGIN, ProviderLogin
from worker.pipeline.job import Holder, Job, JobState
from worker.pipeline.scheduling.run_queue import Lanes, RunQueue

#: Each costs about a kilobyte of memory. With so many, a full window waits as it did before anything was parked.
MOST_PARKED = 50_000
_FULL_SHARE = 0.9
_BUSY_SHARE = 0.25
#: With some slots busy and some free, a window that has not moved on for so long is stuck all the same.
_LONG_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What may be parked: jobs in the order of their arrival, and the delivery of each."""

    jobs: tuple[Job, ...]
    works: tuple[Work, ...]

    @property
    def is_lost(self) -> bool:
        """Whether the connection that delivered it is lost: all of it comes again."""
        return any(job.is_lost for job in self.jobs)

    def portions(self, most: int, most_bytes: int) -> Iterator["Backlog"]:
        """Cut it into pieces of so many commands, and of so many bytes unless a single one is larger, in its order."""
        begin, size = 0, 0
        for end, work in enumerate(self.works):
            length = len(work.delivery.body)
            if end > begin and (end - begin >= most or size + length > most_bytes):
                yield Backlog(self.jobs[begin:end], self.works[begin:end])
                begin, size = end, 0
            size += length
        yield Backlog(self.jobs[begin:], self.works[begin:])


class Scheduler:
    """For one thread at a time."""

    def __init__(self, slots: int, main_login: ProviderLogin = MAIN_LOGIN) -> None:
        """`slots`: how many jobs may run at once. `main_login`: while its jobs are paused nothing is parked."""
        self.queue = RunQueue(slots, dict.fromkeys(ProviderLogin, slots))
        self._slots = slots
        self._main_login = main_login
        self._lanes = Lanes()
        self._unsettled: dict[Receipt, Job] = {}
        self._parked: dict[int, Job] = {}

    @property
    def waiting(self) -> int:
        """How many jobs and unread deliveries have no turn: for a retry, behind their customer, for a free slot."""
        held = (*self._unsettled.values(), *self._parked.values())
        return sum(not job.is_running for job in held) + len(self.queue.unread)

    @property
    def parked(self) -> int:
        """How many are parked."""
        return len(self._parked)

    @property
    def oldest(self) -> Delivery | None:
        """The delivery that has been unsettled for the longest time."""
        works = (job.work for job in self._unsettled.values())
        first = next((work.delivery for work in works if isinstance(work, Work)), None)
        return first or next(iter(self.queue.unread), None)

    # (new) -> BLOCKED or READY
    def enter(self, receipt: Receipt, job: Job) -> None:
        """Let a delivered job queue up in its lanes."""
        self._unsettled[receipt] = job
        if self._lanes.enter(job):
            self._ready(job)
        else:
            job.state = JobState.BLOCKED

    def adopt(self, places: Sequence[Parked]) -> None:
        """Queue parked commands up before everything that is not parked; those that are known stay as they are."""
        new = {
            place.position: Job(place, holder=Holder.LEDGER) for place in places if place.position not in self._parked
        }
        self._parked = dict(sorted((self._parked | new).items()))
        self._let_others_before()

    # RUNNING, or WAITING for its publication -> GONE, WAITING or READY
    def ended(self, job: Job, verdict: Verdict) -> None:
        """Take note of what became of a job's turn, or of its ending that waited to be published."""
        if job.is_running:
            self.queue.ended(job)
            job.state = JobState.WAITING
            if job.parked_as is not None:
                job.work, job.parked_as = job.parked_as, None
        elif job.state is JobState.GONE:
            return
        if isinstance(verdict, Settled) and isinstance(job.work, Parked) and verdict.position != job.work.position:
            # It was parked before it was acked: it takes one more turn, to clear its place in the ledger.
            job.answered, job.quarantined = True, False
            self._ready(job)
        elif isinstance(verdict, Settled) or job.is_lost:
            self._leave(job)
        else:
            self._stay(job, verdict)

    # WAITING -> READY or BLOCKED
    def wait_is_over(self, job: Job) -> None:
        """Let it have its turn, unless another has come to stand before it."""
        if job.state is not JobState.WAITING:
            return
        if job.blockers:
            job.state = JobState.BLOCKED
        else:
            self._ready(job)

    # everything of that connection but RUNNING -> GONE
    def lose(self) -> None:
        """Forget what was delivered and does not run; what is parked stays."""
        for job in self._unsettled.values():
            job.holder = Holder.NOBODY
            if not job.is_running:
                job.state = JobState.GONE
        self._unsettled = {}
        self.queue.forget_waiting()
        self.queue.forget_unread()
        self._let_others_before()

    # parked and not RUNNING -> GONE
    def release(self) -> list[int]:
        """Forget what is parked and does not run, for other processes to take; returns the positions."""
        released = {position: job for position, job in self._parked.items() if not job.is_running}
        for position, job in released.items():
            job.holder, job.state = Holder.NOBODY, JobState.GONE
            del self._parked[position]
        if any(job.quarantined for job in released.values()):
            self.queue.let_run()
        if released:
            self._queue_up_anew()
        return list(released)

    def backlog(self, window: int, now: float) -> Backlog | None:
        """Return the jobs to park when the window (`window` deliveries) is full and slots are free; None for none.

        Not while the provider is paused: nothing that comes could run either. `now` is monotonic seconds.
        """
        is_full = len(self._unsettled) >= window * _FULL_SHARE
        has_room = len(self._parked) + len(self._unsettled) <= MOST_PARKED
        if not (is_full and has_room and self.queue.limits[self._main_login] and self.queue.is_starved):
            return None
        unsettled = self._unsettled.values()
        jobs = [job for job in unsettled if not job.is_running or self._lanes.has_followers(job)]
        works = [(job, job.work) for job in _parkable(jobs) if isinstance(job.work, Work)]
        if not works or not self._is_idle(now - works[0][1].delivery.arrived_at):
            return None
        return Backlog(tuple(job for job, _ in works), tuple(work for _, work in works))

    def park(self, backlog: Backlog, places: Sequence[Parked]) -> list[int]:
        """Take note that these lie in the ledger, at these places; returns the positions that are needed no more."""
        trios = list(zip(backlog.jobs, backlog.works, places, strict=True))
        spent = {place.position for job, work, place in trios if self._is_settled(job, work)}
        lost = []
        for job, work, place in trios:
            if job.is_running:
                self._move(job, work, place)
                job.parked_as = place
            elif job.is_lost:
                lost.append(place)
            elif place.position not in spent:
                self._move(job, work, place)
                job.work = place
        if lost:
            self.adopt(lost)
        return sorted(spent)

    def _ready(self, job: Job) -> None:
        job.state = JobState.READY
        self.queue.put(job)

    def _stay(self, job: Job, verdict: Wait | Quarantine | Kept) -> None:
        if isinstance(verdict, Quarantine):
            job.quarantined, job.crashes, job.state = True, verdict.crashes, JobState.BLOCKED
        elif job.quarantined and isinstance(verdict, Wait) and verdict.quarantined:
            self.queue.reserve()
        else:
            job.quarantined = False
        if job.overtook:
            # What it stands before by now is what it must wait for: let it through.
            job.overtook = False
            self._queue_up_anew()
        elif job.state is JobState.BLOCKED:
            self._ready(job)

    def _leave(self, job: Job) -> None:
        match job.work:
            case Parked(position=position):
                del self._parked[position]
            case Work(delivery=delivery) if not job.is_lost:
                del self._unsettled[delivery.receipt]
        job.state = JobState.GONE
        for follower in self._lanes.leave(job):
            # One whose wait is not over gets its turn then.
            if follower.state is JobState.BLOCKED:
                self._ready(follower)

    def _let_others_before(self) -> None:
        """Queue up anew, where some may come before what runs already: that is put in its place when it must wait."""
        for job in self.queue.running:
            job.overtook = True
        self._queue_up_anew()

    def _queue_up_anew(self) -> None:
        """Rebuild all lanes: what runs, then what is parked, then what was delivered."""
        others = [job for job in (*self._parked.values(), *self._unsettled.values()) if not job.is_running]
        self.queue.forget_waiting()
        first = self._lanes.rebuild([*self.queue.running, *others])
        for job in others:
            if job.state is not JobState.WAITING:
                job.state = JobState.BLOCKED
        for job in first:
            if job.state is JobState.BLOCKED:
                self._ready(job)
        if any(job.quarantined and job.blockers for job in others):
            # The one that is to run first must not wait behind what may not run before it.
            self.queue.let_run()

    def _is_idle(self, waited_seconds: float) -> bool:
        busy = len(self.queue.running)
        few = max(1, self._slots * _BUSY_SHARE)
        return busy <= few or (busy < self._slots and waited_seconds >= _LONG_SECONDS)

    def _move(self, job: Job, work: Work, place: Parked) -> None:
        self._unsettled.pop(work.delivery.receipt, None)
        self._parked[place.position] = job
        job.holder = Holder.LEDGER

    def _is_settled(self, job: Job, work: Work) -> bool:
        return not (job.is_running or job.is_lost) and work.delivery.receipt not in self._unsettled


def _parkable(jobs: Iterable[Job]) -> Iterator[Job]:
    """Those of them that can be parked, and stand behind none in their lanes that cannot."""
    closed: set[str] = set()
    for job in jobs:
        if job.unparkable or not closed.isdisjoint(job.work.lanes):
            closed.update(job.work.lanes)
        else:
            yield job
