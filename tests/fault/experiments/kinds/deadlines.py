"""Time itself strikes: the broker's limit for an unacknowledged delivery, and a wall clock that jumps."""

import signal
from collections.abc import Iterator
from functools import partial

from sandbox.provider.faults import Fault, FaultRule, ThrottleHeaders
from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support import jumping_worker
from tests.support.waiting import wait_for

_NOTICED_SECONDS = 60.0
_TIMEOUTS = 2
_TIMED_OUT = "PRECONDITION_FAILED"
_CLOSED_BECAUSE = "an experiment wants it so"


def consumer_timeout(experiment: Experiment) -> None:
    """The provider is away, so deliveries are held, for longer than the broker allows and than it was configured to."""
    experiment.on_heal(partial(_limit, experiment, 1_800_000, 60_000))
    experiment.on_heal(experiment.installation.sandbox.clear_faults)
    _limit(experiment, 1_000, 250)
    experiment.installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    experiment.publish_more()
    wait_for(lambda: _timeouts(experiment) >= _TIMEOUTS, "deliveries that are taken away", _NOTICED_SECONDS)


def _limit(experiment: Experiment, milliseconds: int, look_milliseconds: int) -> None:
    """Say how long a delivery may be held, and how often the broker looks; a channel learns both when it is opened."""
    named = {"consumer_timeout": milliseconds, "channel_tick_interval": look_milliseconds}
    lines = (f"application:set_env(rabbit, {name}, {value})" for name, value in named.items())
    experiment.fault_servers.broker.ctl("eval", f"{', '.join(lines)}.")
    experiment.fault_servers.broker.ctl("close_all_connections", _CLOSED_BECAUSE)


def _timeouts(experiment: Experiment) -> int:
    return sum(_TIMED_OUT in str(line) for line in experiment.worker.logged("broker_disconnected"))


def clock_jumps(experiment: Experiment) -> None:
    """An hour ahead and back, again and again, while leases run and commands wait to be tried again."""
    _run_on_that_clock(experiment)
    experiment.installation.sandbox.inject(FaultRule(fault=Fault.ERROR_500, probability=0.5, applied=True))
    experiment.on_heal(experiment.installation.sandbox.clear_faults)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2, signal.SIGUSR1):
        experiment.await_a_moment()
        experiment.worker.signal(number)


def clock_jumps_in_a_pause(jump: signal.Signals, experiment: Experiment) -> None:
    """The provider is away when the clock jumps: the pause, its probe and all that waits were dated before."""
    _run_on_that_clock(experiment)
    experiment.installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    experiment.on_heal(experiment.installation.sandbox.clear_faults)
    experiment.publish_more()
    experiment.await_paused("outage")
    experiment.worker.signal(jump)


def clock_set_back_over_a_restart(ahead_seconds: float, rule: FaultRule, experiment: Experiment) -> None:
    """Commands wait to be tried again when the worker dies; its successor's clock is as much behind the one before."""
    _run_on_that_clock(experiment, str(ahead_seconds))
    experiment.on_heal(experiment.replace_worker)
    experiment.on_heal(experiment.installation.sandbox.clear_faults)
    experiment.installation.sandbox.inject(rule)
    experiment.publish_all()
    wait_for(lambda: experiment.worker.logged("command_retried"), "a command that waits", _NOTICED_SECONDS)
    experiment.worker.kill()


def _run_on_that_clock(experiment: Experiment, *ahead_seconds: str) -> None:
    assert experiment.stop(experiment.worker) == 0
    experiment.started.pop(0)
    experiment.await_ready(experiment.start_program(jumping_worker.__file__, "run", *ahead_seconds))


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("broker: consumer timeout", consumer_timeout, Setting(changes={"AMQP__HOLD_SECONDS": "600"}))
    yield Kind("clock: jumps an hour ahead and back", clock_jumps)
    yield Kind("clock: an hour ahead in a pause", partial(clock_jumps_in_a_pause, signal.SIGUSR1))
    yield Kind("clock: an hour back in a pause", partial(clock_jumps_in_a_pause, signal.SIGUSR2))
    failing = FaultRule(fault=Fault.ERROR_500, probability=0.5, applied=True)
    throttling = FaultRule(fault=Fault.THROTTLED, headers=ThrottleHeaders(retry_after_seconds=5.0))
    for words, ahead in (("two hours", 7_200.0), ("thirty days", 30 * 86_400.0)):
        for waiting, rule in (("a retry", failing), ("a throttle", throttling)):
            strike = partial(clock_set_back_over_a_restart, ahead, rule)
            yield Kind(f"clock: {words} back over a restart, in {waiting}", strike)
    strike = partial(clock_set_back_over_a_restart, 7_200.0, failing)
    yield Kind("clock: two hours back over a restart, ledger in PostgreSQL", strike, Setting(shared_ledger=True))
