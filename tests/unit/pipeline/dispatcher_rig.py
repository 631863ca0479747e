"""Commands for a dispatcher that run until the test ends them, and the dispatcher with everything around it."""

import threading
from collections import Counter, defaultdict, deque
from dataclasses import replace
from functools import partial

from messages.errors import Undecodable
from tests.fakes.clock import FakeClock
from tests.support.commands import update_user_profile
from tests.support.work_samples import delivery, work_of
from worker.domain.deliveries import Delivery
from worker.domain.work import Settled, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.pipeline.attempt import ThreadPool
from worker.pipeline.job import Job
from worker.pipeline.reading import QuarantineReader
from worker.pipeline.scheduling.dispatcher import Dispatcher, Stages
from worker.pipeline.scheduling.timer import Timer

LONG = 60.0
SETTLED = Settled()
_V3 = work_of(update_user_profile("ada@example.com", {"city": "Ulm"})).content


class HeldRuns:
    """A body like `2:ada,bob` names a command and its lanes, `2:v3 ada` one that needs the v3 login.

    What ran is noted as `2@1`, with the epoch.
    """

    def __init__(self) -> None:
        self.began: list[str] = []
        self.running: list[str] = []
        self.alone: list[bool] = []
        self._verdicts: defaultdict[str, deque[Verdict]] = defaultdict(deque)
        self._changed = threading.Condition()

    def read(self, came: Delivery) -> Work:
        """Read the lanes."""
        words = came.body.decode().partition(":")[2]
        lanes = tuple(filter(None, words.removeprefix("v3").strip().split(",")))
        return Work(came, _V3 if words.startswith("v3") else Undecodable(["no JSON"]), lanes)

    def begin(self, job: Job) -> str:
        """Note that it begins, in the order in which turns are given; the threads may come to them in another one."""
        work = job.work
        assert isinstance(work, Work)
        name = f"{work.delivery.body.decode().partition(':')[0]}@{work.delivery.receipt.epoch}"
        with self._changed:
            self.began.append(name)
            self.alone.append(job.quarantined)
            self.running.append(name)
            self._changed.notify_all()
        return name

    def run(self, name: str) -> Verdict:
        """Run until the test says how it ends."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._verdicts[name], LONG), f"nobody finished {name}"
            self.running.remove(name)
            self._changed.notify_all()
            return self._verdicts[name].popleft()

    def finish(self, *names: str, verdict: Verdict = SETTLED) -> None:
        """Let these end so."""
        with self._changed:
            for name in names:
                self._verdicts[name].append(verdict)
            self._changed.notify_all()

    def await_began(self, count: int) -> None:
        """Return once so many have begun, repetitions included."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.began) >= count, LONG), f"only {self.began} began"

    def await_running(self, *names: str) -> None:
        """Return once exactly these run."""
        with self._changed:
            done = self._changed.wait_for(lambda: Counter(self.running) == Counter(names), LONG)
            assert done, f"{self.running} run, and not {names}"


class PlainReader:
    """Reads everything at once."""

    def __init__(self, runs: HeldRuns) -> None:
        self._runs = runs

    def demands_isolation(self, _came: Delivery) -> bool | Wait:
        """Nothing is dangerous here."""
        return False

    def read(self, came: Delivery) -> Work | Wait:
        """Read it."""
        return self._runs.read(came)

    def finish(self) -> Wait | None:
        """There is nothing to do."""
        return None


class DispatcherRig:
    """A dispatcher of four slots with its timer, consuming in epoch 1."""

    SLOTS = 4

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timer = Timer(self.clock)
        self.runs = HeldRuns()
        self.dispatcher = Dispatcher(self.SLOTS, self.clock, self.timer)
        self.threads, self.reading = ThreadPool("attempt", self.SLOTS), ThreadPool("reading", 1)
        self._tags = 0

    def open(self) -> None:
        """Start everything."""
        self.timer.start()
        self.threads.start()
        self.reading.start()
        self.dispatcher.start(self.stages())
        self.dispatcher.consuming(1)

    def stages(self) -> Stages:
        """What surrounds the dispatcher."""
        reader = QuarantineReader(self.dispatcher, PlainReader(self.runs), self.clock, lambda _step: None)
        return Stages(self.runs.read, self.start, partial(self.reading.submit, reader.read_all))

    def start(self, job: Job) -> None:
        """Run a job on one of the threads."""
        name = self.runs.begin(job)
        self.threads.submit(lambda: self.dispatcher.ended(job, self.runs.run(name)))

    def close(self) -> None:
        """End every thread, also those that still run something."""
        self.dispatcher.stop()
        # Before the threads: their stop waits for what they run.
        self.runs.finish(*self.runs.running)
        self.threads.stop()
        self.reading.stop()
        self.timer.stop()

    def allow(self, running: int) -> None:
        """Allow so many commands at once."""
        self.dispatcher.allow(ProviderLogin.V2, running)

    def deliver(self, *bodies: str, epoch: int = 1) -> None:
        """Have these delivered, in this order."""
        for body in bodies:
            self._tags += 1
            came = delivery(body.encode(), tag=self._tags, epoch=epoch)
            self.dispatcher.delivered(replace(came, arrived_at=self.clock.monotonic()))

    def reconnect(self, epoch: int) -> None:
        """Lose the connection before, and consume on the next one."""
        self.dispatcher.lost(epoch - 1)
        self.dispatcher.consuming(epoch)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and return once everything that was due by then was called."""
        self.clock.advance(seconds)
        done = threading.Event()
        self.timer.after(0.0, done.set)
        # The thread sleeps by the real clock: only what is due before everything else wakes it.
        self.timer.after(-1e9, lambda: None)
        assert done.wait(LONG)
