"""SIGKILL at random moments, hundreds of times, under load. `SOAK=1 scripts/fault` runs this, and prints the table.

The environment says how much: FAULT_SEED, FAULT_KILLS, FAULT_RESULTS (a folder for the figures). For each kill there
are a hundred commands and two customers.
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fault.experiments.counts import write
from tests.fault.experiments.experiment import Experiment, Setting, open_experiment
from tests.fault.experiments.running import Result, await_answers, conclude
from tests.fault.experiments.servers import FaultServers, open_servers
from tests.fault.experiments.workload import write_workload
from tests.support.installation import open_installation
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(4 * 3600)

_SEED = os.environ.get("FAULT_SEED", "1")
_KILLS = int(os.environ.get("FAULT_KILLS", "10"))
_COMMANDS_PER_KILL, _LIFE = 100, 50
#: Of all kills, those that come while the process still starts.
_WHILE_STARTING = 0.1
#: Of all commands, those that change something; a little fewer than there are, so that the last kill has work to break.
_CHANGING = 0.74
_PATIENCE_SECONDS = 10.0
_DRAIN_SECONDS = 600.0


def test_nothing_is_lost_or_done_twice_however_often_the_worker_dies(tmp_path: Path) -> None:
    with open_servers() as fault_servers:
        result = soak(fault_servers, tmp_path)
    write(result.outcome, Path(os.environ.get("FAULT_RESULTS", tmp_path)))
    assert result.outcome.sound, f"{result.broken}\nagain: make fault SOAK=1 KILLS={_KILLS} SEED={_SEED}"


def soak(fault_servers: FaultServers, folder: Path) -> Result:
    """Publish all along, kill all along, then let one worker finish."""
    rng = random.Random(f"soak {_SEED}")  # noqa: S311 - no secret
    workload = write_workload(_KILLS * _COMMANDS_PER_KILL, rng, life=_LIFE)
    name = f"worker: {_KILLS} SIGKILLs"
    with (
        open_installation(fault_servers.broker.url, folder) as installation,
        open_experiment(fault_servers, installation, Setting(latency=0.01), rng) as experiment,
        ThreadPoolExecutor(1) as billing,
    ):
        publishing = billing.submit(installation.emitter.publish, *workload.messages)
        experiment.start_worker()
        for kill in range(_KILLS):
            _live_a_while(experiment, changes=len(workload.commands) * _CHANGING, kills=_KILLS - kill)
            experiment.worker.kill()
            experiment.replace_worker()
        healed_at = time.monotonic()
        publishing.result()
        with suppress(AssertionError):
            await_answers(experiment, workload, _DRAIN_SECONDS)
        return conclude(experiment, workload, (name, _SEED), healed_at)


def _live_a_while(experiment: Experiment, changes: float, kills: int) -> None:
    """Until a drawn number of changes was made: on average each kill left has its share of the changes left."""
    if experiment.rng.random() < _WHILE_STARTING:
        return
    share = max(1, int((changes - experiment.applied()) / kills))
    wanted = experiment.applied() + experiment.rng.randrange(2 * share)
    # Near the end there may not be that many any more.
    with suppress(AssertionError):
        wait_for(lambda: experiment.applied() >= wanted, f"{wanted} changes", _PATIENCE_SECONDS)
