"""The worker itself is killed, frozen or stopped."""

import signal
from collections.abc import Iterator

from tests.fault.experiments.experiment import Experiment, Setting, crowded
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for
from worker.domain.work import Step

#: A frozen worker's connection is given up by the broker after two heartbeats.
_NOTICED_SECONDS = 90.0
_KILLS = 4


def killed(experiment: Experiment) -> None:
    _kill(experiment)
    experiment.on_heal(experiment.replace_worker)


def killed_at_a_step(experiment: Experiment) -> None:
    experiment.publish_all()
    assert experiment.worker.await_exit(60) == -signal.SIGKILL
    experiment.on_heal(experiment.replace_worker)


def killed_again_and_again(experiment: Experiment) -> None:
    for _ in range(_KILLS):
        experiment.worker.kill()
        experiment.replace_worker()
        experiment.await_a_moment()
    killed(experiment)


def stopped_in_order(experiment: Experiment) -> None:
    assert experiment.stop(experiment.worker) == 0
    experiment.on_heal(experiment.replace_worker)


def frozen_briefly(experiment: Experiment) -> None:
    """No longer than it takes somebody else to look at the queue: nobody notices."""
    experiment.worker.signal(signal.SIGSTOP)
    experiment.on_heal(lambda: experiment.worker.signal(signal.SIGCONT))
    waiting = _waiting(experiment)
    experiment.publish_all()
    wait_for(lambda: _waiting(experiment) > waiting, "commands that pile up", _NOTICED_SECONDS)


def frozen_until_the_broker_gives_it_up(experiment: Experiment) -> None:
    experiment.worker.signal(signal.SIGSTOP)
    experiment.on_heal(lambda: experiment.worker.signal(signal.SIGCONT))
    queue = experiment.installation.topology.command_queues[0]
    wait_for(lambda: experiment.installation.listener.depth(queue)[1] == 0, "the broker to drop it", _NOTICED_SECONDS)


def frozen_until_the_standby_has_taken_over(experiment: Experiment) -> None:
    """Longer than heartbeat and lease: what it wakes up with is not its own any more."""
    experiment.worker.signal(signal.SIGSTOP)
    experiment.on_heal(lambda: experiment.worker.signal(signal.SIGCONT))
    experiment.publish_all()
    _await_takeover(experiment)


def active_one_of_two_killed(experiment: Experiment) -> None:
    _kill(experiment)
    experiment.started.pop(0)


def active_one_of_two_stopped(experiment: Experiment) -> None:
    assert experiment.stop(experiment.worker) == 0
    experiment.started.pop(0)


def backlog_at_the_start(_experiment: Experiment) -> None:
    """The setting has done it."""


def _kill(experiment: Experiment) -> None:
    experiment.worker.kill()
    # What it had sent is applied without it: the time to resume begins after that.
    wait_for(lambda: experiment.installation.sandbox.in_flight() == 0, "its last calls")


def _waiting(experiment: Experiment) -> int:
    return experiment.installation.listener.depth(experiment.installation.topology.command_queues[0])[0]


def _await_takeover(experiment: Experiment) -> None:
    def ended() -> float:
        totals = experiment.standby.metrics()
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
    yield Kind("worker: frozen briefly", frozen_briefly, Setting(changes={"AMQP__PREFETCH": "6"}))
    yield Kind("worker: frozen beyond its heartbeat", frozen_until_the_broker_gives_it_up)
    yield Kind("two workers: active one SIGKILL", active_one_of_two_killed, pair)
    yield Kind("two workers: active one SIGTERM", active_one_of_two_stopped, pair)
    yield Kind("two workers: active one frozen beyond its lease", frozen_until_the_standby_has_taken_over, pair)
