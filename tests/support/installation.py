"""A whole installation on one machine: a prefix on a real broker, a stand-in provider, a billing system, workers."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from sandbox.provider.accounts.seed import Seed, check_seed
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support import killed_worker
from tests.support.billing import Emitter, EventListener
from tests.support.commands import Command
from tests.support.verdict import Accounts, Totals, settle_accounts
from tests.support.waiting import wait_for
from tests.support.worker_process import PROGRAM, WorkerProcess, environment, piped_worker_process, worker_process
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.domain.work import Step

#: Waits are short, so that a test of many faults still ends soon; everything else is as it comes.
QUICK = {
    "PROVIDER__TIMEOUT_SECONDS": "2",
    "PROVIDER__SETTLE_SECONDS": "0.2",
    "RETRY__BASE_SECONDS": "0.02",
    "RETRY__CAP_SECONDS": "0.2",
    "PAUSE__PROBE_SECONDS": "0.2",
    "HTTP__PORT": "0",
}
_COMMAND_SECONDS = 60
#: How a worker is started: with settings, a log, and the words to run it by.
Start = Callable[[Mapping[str, str], Path, Sequence[str]], AbstractContextManager[WorkerProcess]]
#: Every call of the longest test is remembered.
_JOURNAL = 1_000_000


@dataclass(slots=True)
class Installation:
    """Everything but the workers; they are started in it, one after the other or side by side."""

    broker_url: str
    topology: Topology
    folder: Path
    sandbox: RemoteSandbox
    emitter: Emitter
    listener: EventListener
    settings: dict[str, str]
    start: Start
    logs: Iterator[int] = field(default_factory=count)

    @contextmanager
    def worker(self, **changes: str) -> Iterator[WorkerProcess]:
        """Start a worker and wait until it is ready; `changes` are settings of its own."""
        with self.starting_worker(**changes) as worker:
            worker.await_ready()
            yield worker

    def starting_worker(self, **changes: str) -> AbstractContextManager[WorkerProcess]:
        """Start a worker, and do not wait."""
        return self.start(self.settings | changes, self._next_log(), (*PROGRAM, "run"))

    def piped_worker(self, **changes: str) -> AbstractContextManager[WorkerProcess]:
        """Start a worker whose log goes through a pipe (`WorkerProcess.reader`), and do not wait."""
        return piped_worker_process(self.settings | changes, self._next_log())

    def killed_worker(self, step: Step, nth: int, **changes: str) -> AbstractContextManager[WorkerProcess]:
        """Start a worker that ends by SIGKILL when a delivery reaches this step for the nth time."""
        return self.planted_worker(killed_worker.__file__, step.value, str(nth), **changes)

    def planted_worker(self, program: str, *arguments: str, **changes: str) -> AbstractContextManager[WorkerProcess]:
        """Start a worker with something planted in it: `program` is a file that stands in for the real one."""
        return self.start(self.settings | changes, self._next_log(), (sys.executable, program, *arguments))

    def type(self, *words: str, stdin: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the program's commands to its end, as a person would type it."""
        return subprocess.run(  # noqa: S603 - our own program
            [*PROGRAM, *words],
            env=environment(self.settings | changes),
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def verdict(self, commands: Sequence[Command], failing: AbstractSet[str] = frozenset()) -> Totals:
        """Check the whole run, once all workers have ended; `commands` in the order in which they were published."""
        return settle_accounts(self.accounts(commands, failing))

    def accounts(self, commands: Sequence[Command], failing: AbstractSet[str] = frozenset()) -> Accounts:
        """Put together what the run left behind, once all workers have ended; nothing may be left in the queue."""
        waiting = wait_for(self._queue_without_consumers, "the end of the last consumer")
        assert waiting == (0, 0), f"{waiting[0]} commands are left in the queue"
        self.listener.listen()
        digest: Callable[[str], str] = cache(self.sandbox.digest)
        journal, state = self.sandbox.journal(), self.sandbox.state()
        return Accounts(commands, self.listener.events, self.listener.dead_letters, journal, state, failing, digest)

    def _queue_without_consumers(self) -> tuple[int, int] | None:
        # What a consumer held is ready again in the same moment in which the broker forgets the consumer.
        waiting = self.listener.depth(self.topology.command_queues[0])
        return waiting if waiting[1] == 0 else None

    def _next_log(self) -> Path:
        return self.folder / f"worker-{next(self.logs)}.log"


@contextmanager
def open_installation(
    broker_url: str, folder: Path, seed: Seed | None = None, start: Start = worker_process
) -> Iterator[Installation]:
    """Open an installation under a fresh prefix, whose workers `start` starts; all of it is deleted at the end."""
    topology = Topology(f"test-{uuid.uuid4().hex[:12]}")
    inspect_topology(BrokerAddress(broker_url), topology, Mode.APPLY).require_sound()
    with running(SandboxConfig(port=0, seed=seed or check_seed(), journal_limit=_JOURNAL)) as sandbox:
        settings = QUICK | {
            "AMQP__URL": broker_url,
            "AMQP__PREFIX": topology.prefix,
            "PROVIDER__BASE_URL": sandbox.url,
            "PROVIDER__API_USER": "acme",
            "PROVIDER__API_KEY": "pw",
            "PROVIDER__V3_API_KEY": "SG.acme",
            "LEDGER__URL": f"sqlite:///{folder}/ledger.db",
        }
        emitter, listener = Emitter(broker_url, topology.prefix), EventListener(broker_url, topology.prefix)
        listener.bind()
        try:
            yield Installation(broker_url, topology, folder, sandbox, emitter, listener, settings, start)
        finally:
            emitter.close()
            queues = [queue.name for queue in topology.queues]
            listener.delete(queues, [exchange.name for exchange in topology.exchanges])
