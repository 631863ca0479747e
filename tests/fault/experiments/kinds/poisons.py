"""A command in the middle of the workload ends every process that handles it."""

from collections.abc import Iterator
from functools import partial

from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support import poisoned_worker
from tests.support.poisoned_worker import OUT_OF_MEMORY
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

#: In every workload some commands are for customers that nobody made; they must fail, and here they fail like this.
_POISON = "nobody-"
_PATIENCE_SECONDS = 60.0
_MOST_STARTS = 30


def crash_loop(experiment: Experiment) -> None:
    """Start it again each time it has died, until one of the commands that do it is known for it."""
    assert experiment.stop(experiment.worker) == 0
    experiment.on_heal(partial(_replace_by_a_sound_one, experiment))
    experiment.publish_all()
    for _ in range(_MOST_STARTS):
        experiment.started.pop(0)
        if _lives(experiment, experiment.start_program(poisoned_worker.__file__, "handling", _POISON)):
            return
    raise AssertionError("it never lives")


def _replace_by_a_sound_one(experiment: Experiment) -> None:
    experiment.worker.kill()
    experiment.replace_worker()


def _lives(experiment: Experiment, worker: WorkerProcess) -> bool:
    wait_for(lambda: not worker.running or _is_found(experiment), "a death, or the dead letter", _PATIENCE_SECONDS)
    if worker.running:
        return True
    assert worker.await_exit() == OUT_OF_MEMORY, worker.log
    return False


def _is_found(experiment: Experiment) -> bool:
    experiment.installation.listener.listen()
    return any(
        dead_letter.headers["provisioning-reason"] == "crash_loop"
        for dead_letter in experiment.installation.listener.dead_letters
    )


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("worker: a command that ends its process", crash_loop, Setting(trouble=4.0))
