"""One experiment: an installation under load with everything on the way to it that a fault may break."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from sandbox.provider.operations.registry import Effect
from tests.fault.experiments.links import Link, link
from tests.fault.experiments.servers import FaultServers, broker_user
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess
from worker.domain.work import Step

#: Long enough for a call that is under way when its process dies to be applied before anybody reads back.
_SETTLE_SECONDS = "0.5"
_PATIENCE_SECONDS = 60.0
_READY = 200
_MOST_STEPS = 20
#: A moment that does not come is none: all that was published may be done by now.
_MOMENT_SECONDS = 10.0
_MOST_CHANGES = 12
#: So small a window, and calls so slow, that most of what is published is parked.
_CROWDED_PREFETCH, _CROWDED_LATENCY = "6", 0.1
#: What comes during the fault is published in so many pieces.
PIECES = 4


class Way(Enum):
    """Which of the worker's ways leads over a link that can be broken."""

    BROKER = auto()
    PROVIDER = auto()
    LEDGER = auto()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a kind of fault needs.

    `shared_ledger`: the ledger is in PostgreSQL. `standby`: a second worker stands by (with a shared ledger). `trap`:
    the first worker ends by SIGKILL at this step. `own_user`: the worker has a user of its own at the broker. `late`:
    the first worker starts after the first part of the workload. `trouble`: how many times more commands than usual
    fail, come twice, or are none. `piped_log`: the worker's log goes through a pipe that somebody reads. `changes` are
    settings, `latency` (seconds) is what each call to the provider takes.
    """

    links: frozenset[Way] = frozenset()
    shared_ledger: bool = False
    standby: bool = False
    trap: Step | None = None
    own_user: bool = False
    late: bool = False
    trouble: float = 1.0
    piped_log: bool = False
    changes: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.02


def crowded(setting: Setting) -> Setting:
    """The same, where most commands are parked."""
    changes = {**setting.changes, "AMQP__PREFETCH": _CROWDED_PREFETCH}
    return replace(setting, changes=changes, latency=_CROWDED_LATENCY)


@dataclass(slots=True)
class Experiment:
    """What a fault may touch. `worker` is the one that is active, or was until it was broken."""

    fault_servers: FaultServers
    installation: Installation
    setting: Setting
    rng: random.Random
    changes: dict[str, str]
    links: dict[Way, Link]
    _workers: ExitStack
    publish_more: Callable[[], None] = lambda: None
    started: list[WorkerProcess] = field(default_factory=list)
    _healing: list[Callable[[], object]] = field(default_factory=list)
    _seen: int = 0
    _changes_seen: int = 0

    @property
    def worker(self) -> WorkerProcess:
        """The active worker."""
        return self.started[0]

    @property
    def standby(self) -> WorkerProcess:
        """The one behind it."""
        return self.started[1]

    def start_worker(self) -> WorkerProcess:
        """Start one more, and do not wait."""
        start = self.installation.piped_worker if self.setting.piped_log else self.installation.starting_worker
        return self._enter(start(**self.changes))

    def await_ready(self, worker: WorkerProcess) -> None:
        """Wait until a worker is ready, also on a machine that is busy with other experiments."""
        wait_for(lambda: worker.logged("worker_started"), "a worker's start", _PATIENCE_SECONDS)
        wait_for(lambda: worker.ask("/readyz").status == _READY, "readiness", _PATIENCE_SECONDS)

    def start_trapped_worker(self, step: Step) -> WorkerProcess:
        """Start one that ends by SIGKILL at that step, one of the first times that it is reached."""
        # A short workload may have a single dead letter, and park once: waiting for more would never end.
        nth = self.rng.randint(1, {Step.DEAD_LETTER_PUBLISHED: 1, Step.PARKED: 1}.get(step, _MOST_STEPS))
        return self._enter(self.installation.killed_worker(step, nth, **self.changes))

    def start_program(self, path: str, *arguments: str) -> WorkerProcess:
        """Start a worker with something planted in it, by the file of its program, and do not wait."""
        return self._enter(self.installation.planted_worker(path, *arguments, **self.changes))

    def replace_worker(self) -> None:
        """Forget the active worker, which has ended, and start the next one."""
        self.started.pop(0)
        self.start_worker()

    def on_heal(self, act: Callable[[], object]) -> None:
        """Say how the fault ends; what was said last is done first."""
        self._healing.append(act)

    def heal(self) -> None:
        """End the fault."""
        while self._healing:
            self._healing.pop()()

    def applied(self) -> int:
        """How many changes the provider has made so far."""
        for entry in self.installation.sandbox.journal(after=self._seen):
            self._seen = entry.sequence
            self._changes_seen += entry.effect is Effect.CHANGED
        return self._changes_seen

    def await_a_moment(self) -> None:
        """Have more published, and wait until some of all that has been applied: how much is drawn from the seed."""
        self.publish_more()
        wanted = self.applied() + self.rng.randint(1, _MOST_CHANGES)
        with suppress(AssertionError):
            wait_for(lambda: self.applied() >= wanted, f"{wanted} changes", _MOMENT_SECONDS)

    def publish_all(self) -> None:
        """Have everything published that is meant to come before the heal."""
        for _ in range(PIECES):
            self.publish_more()

    def await_befallen(self, times: int) -> None:
        """Wait until the provider's faults have befallen so many calls, or are over."""

        def befallen() -> bool:
            rules = self.installation.sandbox.faults()
            return not rules or sum(rule.befallen for rule in rules) >= times

        wait_for(befallen, f"{times} calls that go wrong", _PATIENCE_SECONDS)

    def is_quiet(self) -> bool:
        """Whether nothing waits in the queue and nothing is in hand: what comes last may be a repeat or poison."""
        if self.installation.listener.depth(self.installation.topology.command_queues[0])[0]:
            return False
        gauges = ("provisioning_commands_held", "provisioning_commands_in_flight")
        try:
            return not any(worker.metric(name) for worker in self.started if worker.running for name in gauges)
        except OSError:
            # One that woke up deposed ends at any moment; next time it does not run any more.
            return False

    def await_paused(self, cause: str) -> None:
        """Wait until the active worker says on /readyz that intake is paused for this cause."""
        asked = self.worker.ask
        wait_for(lambda: cause in asked("/readyz").document["paused"], f"a pause: {cause}", _PATIENCE_SECONDS)

    def stop(self, worker: WorkerProcess) -> int:
        """Ask a worker to stop; return its exit code."""
        return worker.terminate(_PATIENCE_SECONDS)

    def _enter(self, starting: AbstractContextManager[WorkerProcess]) -> WorkerProcess:
        worker = self._workers.enter_context(starting)
        self.started.append(worker)
        return worker


@contextmanager
def open_experiment(
    fault_servers: FaultServers, installation: Installation, setting: Setting, rng: random.Random
) -> Iterator[Experiment]:
    """Build what the setting asks for; no worker is started yet, and all that were are ended."""
    with ExitStack() as built, ExitStack() as workers:
        changes = {"PROVIDER__SETTLE_SECONDS": _SETTLE_SECONDS, **setting.changes}
        if setting.shared_ledger:
            changes |= fault_servers.new_ledger()
        if setting.own_user:
            changes["AMQP__URL"] = built.enter_context(broker_user(fault_servers.broker, installation.broker_url))
        named = installation.settings | changes
        places = {Way.BROKER: "AMQP__URL", Way.PROVIDER: "PROVIDER__BASE_URL", Way.LEDGER: "LEDGER__URL"}
        links: dict[Way, Link] = {}
        for way in setting.links:
            changes[places[way]], links[way] = built.enter_context(link(named[places[way]]))
        installation.sandbox.set_latency(setting.latency)
        yield Experiment(fault_servers, installation, setting, rng, changes, links, workers)
