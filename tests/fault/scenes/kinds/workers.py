"""The worker itself is killed, frozen or stopped."""

import signal
from collections.abc import Iterator

from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting, crowded
from tests.support.waiting import wait_for
from worker.domain.work import Step

#: A frozen worker's connection is given up by the broker after two heartbeats.
_NOTICED_SECONDS = 90.0
_KILLS = 4


def killed(scene: Scene) -> None:
    _kill(scene)
    scene.on_heal(scene.replace_worker)


def killed_at_a_step(scene: Scene) -> None:
    scene.publish_all()
    assert scene.worker.await_exit(60) == -signal.SIGKILL
    scene.on_heal(scene.replace_worker)


def killed_again_and_again(scene: Scene) -> None:
    for _ in range(_KILLS):
        scene.worker.kill()
        scene.replace_worker()
        scene.await_a_moment()
    killed(scene)


def stopped_in_order(scene: Scene) -> None:
    assert scene.stop(scene.worker) == 0
    scene.on_heal(scene.replace_worker)


def frozen_briefly(scene: Scene) -> None:
    """No longer than it takes somebody else to look at the queue: nobody notices."""
    scene.worker.signal(signal.SIGSTOP)
    scene.on_heal(lambda: scene.worker.signal(signal.SIGCONT))
    waiting = _waiting(scene)
    scene.publish_more()
    wait_for(lambda: _waiting(scene) > waiting, "commands that pile up", _NOTICED_SECONDS)


def frozen_until_the_broker_gives_it_up(scene: Scene) -> None:
    scene.worker.signal(signal.SIGSTOP)
    scene.on_heal(lambda: scene.worker.signal(signal.SIGCONT))
    queue = scene.installation.topology.command_queues[0]
    wait_for(lambda: scene.installation.listener.depth(queue)[1] == 0, "the broker to give it up", _NOTICED_SECONDS)


def frozen_until_the_standby_has_taken_over(scene: Scene) -> None:
    """Longer than heartbeat and lease: what it wakes up with is not its own any more."""
    scene.worker.signal(signal.SIGSTOP)
    scene.on_heal(lambda: scene.worker.signal(signal.SIGCONT))
    scene.publish_more()
    _await_takeover(scene)


def active_one_of_two_killed(scene: Scene) -> None:
    _kill(scene)
    scene.started.pop(0)


def active_one_of_two_stopped(scene: Scene) -> None:
    assert scene.stop(scene.worker) == 0
    scene.started.pop(0)


def backlog_at_the_start(_scene: Scene) -> None:
    """The setting has done it."""


def _kill(scene: Scene) -> None:
    scene.worker.kill()
    # What it had sent is applied without it: the time to resume begins after that.
    wait_for(lambda: scene.installation.sandbox.in_flight() == 0, "its last calls")


def _waiting(scene: Scene) -> int:
    return scene.installation.listener.depth(scene.installation.topology.command_queues[0])[0]


def _await_takeover(scene: Scene) -> None:
    def ended() -> float:
        totals = scene.standby.metrics()
        return sum(value for (name, _), value in totals.items() if name == "provisioning_commands_total")

    wait_for(lambda: ended() > 5, "the standby to take over", _NOTICED_SECONDS)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    pair = Setting(shared_ledger=True, standby=True)
    yield Kind("worker: SIGKILL", killed)
    yield Kind("worker: SIGKILL, ledger in PostgreSQL", killed, Setting(shared_ledger=True))
    yield Kind("worker: SIGKILL again and again", killed_again_and_again)
    for step in Step:
        setting = Setting(trap=step)
        setting = crowded(setting) if step is Step.PARKED else setting
        yield Kind(f"worker: SIGKILL at {step.value}", killed_at_a_step, setting)
    yield Kind("worker: SIGKILL among poison and repeats", killed, Setting(trouble=8.0))
    yield Kind("worker: SIGTERM under load", stopped_in_order)
    yield Kind("worker: backlog at the start", backlog_at_the_start, Setting(late=True))
    yield Kind("worker: frozen briefly", frozen_briefly, Setting(changes={"AMQP__PREFETCH": "20"}))
    yield Kind("worker: frozen beyond its heartbeat", frozen_until_the_broker_gives_it_up)
    yield Kind("two workers: active one SIGKILL", active_one_of_two_killed, pair)
    yield Kind("two workers: active one SIGTERM", active_one_of_two_stopped, pair)
    yield Kind("two workers: active one frozen beyond its lease", frozen_until_the_standby_has_taken_over, pair)
