"""Plays one scene: commands under load, the fault in the middle, the heal, the drain, and the accounts."""

import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.scenes.counts import Outcome, counted, faults_in, repeats_of, seconds_to_resume
from tests.fault.scenes.scene import PIECES, Scene, Setting, open_scene
from tests.fault.scenes.stage import Stage
from tests.fault.scenes.workload import Workload, write_workload
from tests.support.installation import open_installation
from tests.support.verdict import table_of
from tests.support.waiting import wait_for

#: Until a command counts as lost. A refused login alone is asked for again after a minute.
_DRAIN_SECONDS = 150.0
_STOP_SECONDS = 60.0
_BEFORE, _PIECE = 0.3, 0.11


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: `strike` breaks the running scene, says how it heals (`Scene.on_heal`), and returns."""

    name: str
    strike: Callable[[Scene], None]
    setting: Setting = field(default_factory=Setting)


@dataclass(frozen=True, slots=True)
class Played:
    """What came out: the figures, and the broken promises in words."""

    outcome: Outcome
    broken: str


def play(stage: Stage, kind: Kind, seed: str, count: int, folder: Path) -> Played:
    """Play the kind once with about so many commands. The seed decides the workload and every moment that is drawn."""
    rng = random.Random(f"{kind.name} {seed}")  # noqa: S311 - no secret
    workload = write_workload(count, rng, kind.setting.trouble)
    stage.mend()
    with (
        open_installation(stage.broker.url, folder) as installation,
        open_scene(stage, installation, kind.setting, rng) as scene,
    ):
        healed_at = _live_through(scene, kind, workload)
        # Whoever was not answered in time is counted below as lost.
        with suppress(AssertionError):
            await_answers(scene, workload, _DRAIN_SECONDS)
        return conclude(scene, workload, (kind.name, seed), healed_at)


def conclude(scene: Scene, workload: Workload, title: tuple[str, str], healed_at: float) -> Played:
    """Stop all workers and settle the accounts. `title`: the kind and the seed; `healed_at` is monotonic."""
    exits, installation = _stop_all(scene), scene.installation
    installation.listener.listen_to(installation.topology.unrouted)
    accounts = installation.accounts(workload.commands, workload.failing)
    faults = faults_in(accounts, workload.poison)
    assert set(exits) <= {0}, f"workers ended with {exits}"
    resumed = seconds_to_resume(accounts.journal, healed_at)
    repeats = repeats_of(accounts.events)
    outcome = Outcome(*title, len(workload.commands), counted(faults), repeats, resumed)
    return Played(outcome, table_of(faults) if faults else "")


def await_answers(scene: Scene, workload: Workload, seconds: float) -> None:
    """Wait for an event of every command, also if published while no queue was bound, and for what else is left."""
    listener, missing, seen = scene.installation.listener, {command.id for command in workload.commands}, 0

    def answered() -> bool:
        nonlocal seen
        listener.listen()
        listener.listen_to(scene.installation.topology.unrouted)
        missing.difference_update(received.data["command_id"] for received in listener.events[seen:])
        seen = len(listener.events)
        return not missing

    wait_for(answered, "every event", seconds)
    wait_for(lambda: scene.is_quiet() and scene.is_quiet(), "the last repeats", seconds)


def _live_through(scene: Scene, kind: Kind, workload: Workload) -> float:
    """Run the workload, break it in the middle, heal it; return the moment (monotonic) of the heal."""
    before, *during, after = workload.parts(_BEFORE, *[_PIECE] * PIECES)
    with ThreadPoolExecutor(1) as billing:
        published: list[Future[None]] = []

        def publish_more() -> None:
            if during:
                published.append(billing.submit(scene.installation.emitter.publish, *during.pop(0)))

        published.append(billing.submit(scene.installation.emitter.publish, *before))
        if scene.setting.late:
            published[0].result()
        _start(scene)
        scene.publish_more = publish_more
        if scene.setting.trap is None:
            scene.await_a_moment()
        try:
            kind.strike(scene)
            publish_more()
        finally:
            scene.heal()
        healed_at = time.monotonic()
        published.append(
            billing.submit(scene.installation.emitter.publish, *(one for part in during for one in part), *after)
        )
        for part in published:
            part.result()
    return healed_at


def _start(scene: Scene) -> None:
    if scene.setting.trap is not None:
        scene.start_trapped_worker(scene.setting.trap)
        return
    for _ in range(1 + scene.setting.standby):
        scene.await_ready(scene.start_worker())


def _stop_all(scene: Scene) -> list[int]:
    """Stop whoever still runs; return their exit codes.

    One that lost its lease ends by itself, to be started anew: nobody does that here, where another has taken over.
    """
    running = [worker for worker in scene.started if worker.running and not worker.logged("part_died")]
    for worker in running:
        worker.signal(signal.SIGTERM)
    return [worker.await_exit(_STOP_SECONDS) for worker in running]
