"""A day with parking, in memory: a queue, a ledger, and one process after another that holds, parks and runs.

Whatever the order of its steps, a command takes effect only after all that were published before it for one of its
customers; at the end of the day everything has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from messages.errors import Undecodable
from tests.support.work_samples import delivery
from worker.domain.deliveries import Receipt
from worker.domain.work import Kept, Parked, Settled, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.pipeline.job import Job, JobState
from worker.pipeline.scheduling.run_queue import ReadUnread
from worker.pipeline.scheduling.scheduler import Backlog, Scheduler

WINDOW, SLOTS = 4, 4


@dataclass(slots=True)
class Day:
    """Commands are numbers, in the order in which they were published; `lanes` are those of each.

    `odd`: the ledger cannot hold these where commands are parked.
    """

    lanes: Sequence[tuple[str, ...]]
    ready: list[int] = field(default_factory=list)
    unacked: dict[Receipt, int] = field(default_factory=dict)
    parked: dict[int, int] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    scheduler: Scheduler = field(default_factory=lambda: Scheduler(SLOTS))
    running: list[tuple[Job, bool]] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    kept: list[Job] = field(default_factory=list)
    committed: tuple[Backlog, list[Parked]] | None = None
    epoch: int = 1
    numbers: int = 0
    odd: frozenset[int] = frozenset()
    now: float = 0.0

    def __post_init__(self) -> None:
        self.ready = list(range(len(self.lanes)))

    def deliver(self) -> None:
        """The broker hands the next one over, while the window has room."""
        if self.ready and len(self.unacked) < WINDOW:
            self.numbers += 1
            command = self.ready.pop(0)
            came = delivery(str(command).encode(), tag=self.numbers, epoch=self.epoch)
            self.unacked[came.receipt] = command
            self.scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), self.lanes[command])))

    def start(self) -> None:
        """A free thread takes the next turn, and claims the command or waits."""
        if len(self.running) < SLOTS and (turn := self.scheduler.queue.next()):
            assert not isinstance(turn, ReadUnread)
            assert not [one for one, _ in self.running if set(one.work.lanes) & set(turn.work.lanes)]
            self.running.append((turn, self._claims(turn.work)))

    def finish(self, number: int, *, fails: bool) -> None:
        """One that runs comes to its end, or must wait."""
        if self.running:
            job, claimed = self.running.pop(number % len(self.running))
            position = job.work.position if isinstance(job.work, Parked) else None
            verdict: Verdict = Wait(0.0) if fails or not claimed else Settled(position)
            if isinstance(verdict, Settled):
                self._take_effect(job.work)
                self._answer(job.work)
            self.scheduler.ended(job, verdict)
            if job.state is JobState.WAITING:
                self.waiting.append(job)

    def keep(self, number: int) -> None:
        """One that runs has ended, and the broker does not take its event."""
        if self.running:
            job, claimed = self.running.pop(number % len(self.running))
            if claimed:
                self._take_effect(job.work)
            self.scheduler.ended(job, Kept() if claimed else Wait(0.0))
            if job.state is JobState.WAITING:
                (self.kept if claimed else self.waiting).append(job)

    def publish(self, number: int) -> None:
        """The broker takes the event of one that was kept, and it is settled where it lies by now."""
        if self.kept:
            job = self.kept.pop(number % len(self.kept))
            position = job.work.position if isinstance(job.work, Parked) else None
            if not job.is_lost:
                self._answer(job.work)
            self.scheduler.ended(job, Settled(position))

    def wake(self, number: int) -> None:
        """A wait is over."""
        if self.waiting:
            self.scheduler.wait_is_over(self.waiting.pop(number % len(self.waiting)))

    def commit(self) -> None:
        """What is stuck is written into the ledger; nobody else knows it yet."""
        if self.committed is None and (backlog := self.scheduler.backlog(WINDOW, self.now)):
            pairs = list(zip(backlog.jobs, backlog.works, strict=True))
            met = next((at for at, (one, work) in enumerate(pairs) if self._is_odd(one, work)), len(pairs))
            if met < len(pairs):
                pairs[met][0].unparkable = True
            # One that is known cannot be written either, and whatever else is offered is.
            held = [(one, work) for one, work in pairs[:met] if not one.unparkable]
            if held:
                jobs, works = zip(*held, strict=True)
                self.committed = Backlog(jobs, works), [self._write(work) for work in works]

    def acknowledge(self) -> None:
        """The process takes note of what was written, and acks it."""
        if self.committed is not None:
            backlog, places = self.committed
            for position in self.scheduler.park(backlog, places):
                self.parked.pop(position)
            for work in backlog.works:
                self.unacked.pop(work.delivery.receipt, None)
            self.committed = None

    def rest(self) -> None:
        """So much time goes by that what is delivered by now counts as old."""
        self.now += 10.0

    def release(self) -> None:
        """The process gives up what does not run, and another one dies that had taken it."""
        self.scheduler.adopt(
            [self._place(position) for position in self.scheduler.release() if position in self.parked]
        )

    def lose(self) -> None:
        """The connection breaks: the broker takes everything unacked back, in order."""
        self.scheduler.lose()
        self._requeue()

    def crash(self) -> None:
        """The process dies, and another one begins with what lies in the ledger."""
        self.scheduler, self.running, self.waiting, self.committed = Scheduler(SLOTS), [], [], None
        self.kept = []
        self._requeue()
        self.scheduler.adopt([self._place(position) for position in self.parked])

    def end(self) -> None:
        """Let everything happen that has to."""
        for _ in range(200):
            self.acknowledge()
            self.deliver()
            self.publish(0)
            self.wake(0)
            self.start()
            self.finish(0, fails=False)
            self.commit()

    def _claims(self, work: Work | Parked) -> bool:
        command = self._command(work)
        position = work.position if isinstance(work, Parked) else None
        return command is None or command in self.done or not self._is_behind_parked(command, position)

    def _take_effect(self, work: Work | Parked) -> None:
        command = self._command(work)
        if command is not None and command not in self.done:
            earlier = [other for other in range(command) if set(self.lanes[other]) & set(self.lanes[command])]
            assert not [other for other in earlier if other not in self.done], (earlier, command, self.done)
            self.done.append(command)

    def _answer(self, work: Work | Parked) -> None:
        if isinstance(work, Parked):
            self.parked.pop(work.position, None)
        else:
            self.unacked.pop(work.delivery.receipt, None)

    def _command(self, work: Work | Parked) -> int | None:
        return self.parked.get(work.position) if isinstance(work, Parked) else int(work.delivery.body)

    def _is_behind_parked(self, command: int, position: int | None) -> bool:
        mine = set(self.lanes[command])
        return any(
            mine & set(self.lanes[other]) for at, other in self.parked.items() if position is None or at < position
        )

    def _is_odd(self, job: Job, work: Work) -> bool:
        return int(work.delivery.body) in self.odd and not job.unparkable

    def _write(self, work: Work) -> Parked:
        self.numbers += 1
        self.parked[self.numbers] = int(work.delivery.body)
        return self._place(self.numbers)

    def _place(self, position: int) -> Parked:
        return Parked(position, self.lanes[self.parked[position]], ProviderLogin.V2)

    def _requeue(self) -> None:
        self.ready = [*self.unacked.values(), *self.ready]
        self.unacked = {}
        self.epoch += 1
