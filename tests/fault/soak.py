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

from tests.fault.scenes.counts import write
from tests.fault.scenes.play import Played, await_answers, conclude
from tests.fault.scenes.scene import Scene, Setting, open_scene
from tests.fault.scenes.stage import Stage, open_stage
from tests.fault.scenes.workload import write_workload
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
    with open_stage() as stage:
        played = soak(stage, tmp_path)
    write(played.outcome, Path(os.environ.get("FAULT_RESULTS", tmp_path)))
    assert played.outcome.sound, f"{played.broken}\nagain: make fault SOAK=1 KILLS={_KILLS} SEED={_SEED}"


def soak(stage: Stage, folder: Path) -> Played:
    """Publish all along, kill all along, then let one worker finish."""
    rng = random.Random(f"soak {_SEED}")  # noqa: S311 - no secret
    workload = write_workload(_KILLS * _COMMANDS_PER_KILL, rng, life=_LIFE)
    name = f"worker: {_KILLS} SIGKILLs"
    with (
        open_installation(stage.broker.url, folder) as installation,
        open_scene(stage, installation, Setting(latency=0.01), rng) as scene,
        ThreadPoolExecutor(1) as billing,
    ):
        publishing = billing.submit(installation.emitter.publish, *workload.messages)
        scene.start_worker()
        for kill in range(_KILLS):
            _live_a_while(scene, changes=len(workload.commands) * _CHANGING, kills=_KILLS - kill)
            scene.worker.kill()
            scene.replace_worker()
        healed_at = time.monotonic()
        publishing.result()
        with suppress(AssertionError):
            await_answers(scene, workload, _DRAIN_SECONDS)
        return conclude(scene, workload, (name, _SEED), healed_at)


def _live_a_while(scene: Scene, changes: float, kills: int) -> None:
    """Until a drawn number of changes was made: on average each kill left has its share of the changes left."""
    if scene.rng.random() < _WHILE_STARTING:
        return
    share = max(1, int((changes - scene.applied()) / kills))
    wanted = scene.applied() + scene.rng.randrange(2 * share)
    # Near the end there may not be that many any more.
    with suppress(AssertionError):
        wait_for(lambda: scene.applied() >= wanted, f"{wanted} changes", _PATIENCE_SECONDS)
