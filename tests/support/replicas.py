"""Several workers on one queue and one ledger: started on their own terms, and what the ledger and the provider say.

A replica is known from another by the form in which it asks the provider to answer changes: the journal names it.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, NullPool, create_engine, select

from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Format, Operation
from sandbox.provider.operations.registry import Effect
from tests.support import leased_worker
from tests.support.commands import Command
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess
from worker.ledger.schema import commands, owners

PATIENCE_SECONDS = 60.0
READS = frozenset({Operation.RETRIEVE})


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a replica's lease and heartbeat are, and at how many writes it freezes (see `leased_worker`)."""

    lease_seconds: float
    heartbeat_seconds: int = 15
    freezing_writes: int = 0


#: What waits for the lease of one on these terms does not end within its test.
LONG = Terms(lease_seconds=300)
#: What waits for the lease of one on these terms does not wait long.
SHORT = Terms(lease_seconds=4)


@dataclass(frozen=True, slots=True)
class Owner:
    """What the ledger says of a process. Times are epoch seconds."""

    lease_until: float
    stopped_at: float | None
    died: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """The newest sequence in the provider's journal, and epoch seconds."""

    sequence: int
    epoch_seconds: float


@dataclass(frozen=True, slots=True)
class Replicas:
    """An installation with a ledger that several workers may share."""

    installation: Installation
    ledger: Engine

    @contextmanager
    def start(self, terms: Terms | None = None, form: Format = Format.JSON, **changes: str) -> Iterator[WorkerProcess]:
        """Start a worker and wait until it is ready; without terms it is the program itself."""
        with self._started(terms, {"PROVIDER__FORMAT": form.value, **changes}) as worker:
            worker.await_ready()
            yield worker

    def owner(self, worker: WorkerProcess) -> Owner:
        """The worker's row in the ledger."""
        wanted = select(owners.c.lease_until, owners.c.stopped_at, owners.c.died).where(owners.c.pid == worker.pid)
        with self.ledger.connect() as connection:
            return Owner(*connection.execute(wanted).one())

    def begun_by(self, worker: WorkerProcess) -> set[str]:
        """The ids of the commands that it has begun and not finished."""
        owner = select(owners.c.owner).where(owners.c.pid == worker.pid).scalar_subquery()
        wanted = select(commands.c.id).where(commands.c.owner == owner, commands.c.state == "claimed")
        with self.ledger.connect() as connection:
            return set(connection.execute(wanted).scalars())

    def applied(self) -> int:
        """How many changes the provider has made."""
        return sum(entry.effect is Effect.CHANGED for entry in self.installation.sandbox.journal())

    def now(self) -> Moment:
        """This moment, as the journal and the clock have it."""
        journal = self.installation.sandbox.journal()
        return Moment(journal[-1].sequence if journal else 0, time.time())

    def await_applied(self, wanted: int) -> None:
        """Wait until the provider has made so many changes in all."""
        wait_for(lambda: self.applied() >= wanted, f"{wanted} changes", PATIENCE_SECONDS)

    @contextmanager
    def under_load(self, commands: Sequence[Command]) -> Iterator[None]:
        """Have these published, one after the other, while the block goes on; its end waits until all are."""
        with ThreadPoolExecutor(1) as billing:
            published = billing.submit(self.installation.emitter.publish, *commands)
            yield
            published.result()

    def _started(self, terms: Terms | None, changes: dict[str, str]) -> AbstractContextManager[WorkerProcess]:
        if terms is None:
            return self.installation.starting_worker(**changes)
        words = (f"{terms.lease_seconds}", str(terms.heartbeat_seconds), str(terms.freezing_writes))
        return self.installation.planted_worker(leased_worker.__file__, *words, **changes)


@contextmanager
def replicas_in(installation: Installation, shared_ledger: dict[str, str]) -> Iterator[Replicas]:
    """Let the workers of an installation share this ledger, given as the settings that name it."""
    installation.settings |= shared_ledger
    engine = create_engine(shared_ledger["LEDGER__URL"], poolclass=NullPool)
    try:
        yield Replicas(installation, engine)
    finally:
        engine.dispose()


def asked_by(form: Format, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Those of one replica, known by its form; lists are in JSON for everybody."""
    return [entry for entry in entries if entry.format is form]


def writes_in(entries: Sequence[JournalEntry], form: Format | None = None) -> list[JournalEntry]:
    """Those that were to change something; with `form`, those of one replica."""
    return [entry for entry in entries if entry.operation not in READS and form in {None, entry.format}]
