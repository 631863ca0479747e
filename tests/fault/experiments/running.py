"""Plays one experiment: commands under load, the fault in the middle, the heal, the drain, and the accounts."""

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.experiments.counts import Outcome, counted, faults_in, repeats_of, seconds_to_resume
from tests.fault.experiments.experiment import PIECES, Experiment, Setting, open_experiment
from tests.fault.experiments.servers import FaultServers
from tests.fault.experiments.workload import Workload, write_workload
from tests.support.commands import Command, Message
from tests.support.installation import open_installation
from tests.support.verdict import table_of
from tests.support.waiting import wait_for

#: Until a command counts as lost. A refused login alone is asked for again after a minute.
_DRAIN_SECONDS = 150.0
_STOP_SECONDS = 60.0
_BEFORE, _PIECE = 0.3, 0.11


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: `strike` breaks what runs, says how it heals (`Experiment.on_heal`), and returns."""

    name: str
    strike: Callable[[Experiment], None]
    setting: Setting = field(default_factory=Setting)


@dataclass(frozen=True, slots=True)
class Result:
    """What came out: the figures, and the broken promises in words."""

    outcome: Outcome
    broken: str


def run_experiment(fault_servers: FaultServers, kind: Kind, seed: str, count: int, folder: Path) -> Result:
    """Run the kind once with about so many commands. The seed decides the workload and every moment that is drawn."""
    rng = random.Random(f"{kind.name} {seed}")  # noqa: S311 - no secret
    workload = write_workload(count, rng, kind.setting.trouble)
    fault_servers.mend()
    with (
        open_installation(fault_servers.broker.url, folder) as installation,
        open_experiment(fault_servers, installation, kind.setting, rng) as experiment,
    ):
        healed_at = _live_through(experiment, kind, workload)
        # Whoever was not answered in time is counted below as lost.
        with suppress(AssertionError):
            await_answers(experiment, workload, _DRAIN_SECONDS)
        return conclude(experiment, workload, (kind.name, seed), healed_at)


def conclude(experiment: Experiment, workload: Workload, title: tuple[str, str], healed_at: float) -> Result:
    """Stop all workers and settle the accounts. `title`: the kind and the seed; `healed_at` is monotonic."""
    exits, installation = _stop_all(experiment), experiment.installation
    installation.listener.listen_to(installation.topology.unrouted)
    accounts = installation.accounts(workload.commands, workload.failing)
    faults = faults_in(accounts, workload.poison)
    assert set(exits) <= {0}, f"workers ended with {exits}"
    resumed = seconds_to_resume(accounts.journal, healed_at)
    repeats = repeats_of(accounts.events)
    outcome = Outcome(*title, len(workload.commands), counted(faults), repeats, resumed)
    return Result(outcome, table_of(faults) if faults else "")


def await_answers(experiment: Experiment, workload: Workload, seconds: float) -> None:
    """Wait for an event of every command, also if published while no queue was bound, and for what else is left."""
    listener, missing, seen = experiment.installation.listener, {command.id for command in workload.commands}, 0

    def answered() -> bool:
        nonlocal seen
        listener.listen()
        listener.listen_to(experiment.installation.topology.unrouted)
        missing.difference_update(received.data["command_id"] for received in listener.events[seen:])
        seen = len(listener.events)
        return not missing

    wait_for(answered, "every event", seconds)
    wait_for(lambda: experiment.is_quiet() and experiment.is_quiet(), "the last repeats", seconds)


def parts_of(workload: Workload) -> Iterator[Sequence[Command | Message]]:
    """Cut the workload into what comes before the fault, each of the pieces during it, and what comes after it."""
    return workload.parts(_BEFORE, *[_PIECE] * PIECES)


def _live_through(experiment: Experiment, kind: Kind, workload: Workload) -> float:
    """Run the workload, break it in the middle, heal it; return the moment (monotonic) of the heal."""
    before, *during, after = parts_of(workload)
    with ThreadPoolExecutor(1) as billing:
        published: list[Future[None]] = []

        def publish_more() -> None:
            if during:
                published.append(billing.submit(experiment.installation.emitter.publish, *during.pop(0)))

        published.append(billing.submit(experiment.installation.emitter.publish, *before))
        if experiment.setting.late:
            published[0].result()
        _start(experiment)
        experiment.publish_more = publish_more
        if experiment.setting.trap is None:
            experiment.await_a_moment()
        try:
            kind.strike(experiment)
            publish_more()
        finally:
            experiment.heal()
        healed_at = time.monotonic()
        published.append(
            billing.submit(experiment.installation.emitter.publish, *(one for part in during for one in part), *after)
        )
        for part in published:
            part.result()
    return healed_at


def _start(experiment: Experiment) -> None:
    if experiment.setting.trap is not None:
        experiment.start_trapped_worker(experiment.setting.trap)
        return
    for _ in range(1 + experiment.setting.standby):
        experiment.await_ready(experiment.start_worker())


def _stop_all(experiment: Experiment) -> list[int]:
    """Stop whoever still runs; return their exit codes.

    One that lost its lease ends by itself, to be started anew: nobody does that here, where another has taken over.
    """
    running = [worker for worker in experiment.started if worker.running and not worker.logged("part_died")]
    for worker in running:
        worker.signal(signal.SIGTERM)
    return [worker.await_exit(_STOP_SECONDS) for worker in running]
