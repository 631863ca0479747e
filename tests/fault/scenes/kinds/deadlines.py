"""Time itself strikes: the broker's limit for an unacknowledged delivery, and a wall clock that jumps."""

import signal
from collections.abc import Iterator
from functools import partial

from sandbox.provider.faults import Fault, FaultRule, ThrottleHeaders
from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting
from tests.support import jumping_worker
from tests.support.waiting import wait_for

_NOTICED_SECONDS = 60.0
_TIMEOUTS = 2
_TIMED_OUT = "PRECONDITION_FAILED"
_CLOSED_BECAUSE = "a scene wants it so"


def consumer_timeout(scene: Scene) -> None:
    """The provider is away, so deliveries are held, for longer than the broker allows and than it was configured to."""
    scene.on_heal(partial(_limit, scene, 1_800_000, 60_000))
    scene.on_heal(scene.installation.sandbox.clear_faults)
    _limit(scene, 1_000, 250)
    scene.installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    scene.publish_more()
    wait_for(lambda: _timeouts(scene) >= _TIMEOUTS, "deliveries that are taken away", _NOTICED_SECONDS)


def _limit(scene: Scene, milliseconds: int, look_milliseconds: int) -> None:
    """Say how long a delivery may be held, and how often the broker looks; a channel learns both when it is opened."""
    named = {"consumer_timeout": milliseconds, "channel_tick_interval": look_milliseconds}
    lines = (f"application:set_env(rabbit, {name}, {value})" for name, value in named.items())
    scene.stage.broker.ctl("eval", f"{', '.join(lines)}.")
    scene.stage.broker.ctl("close_all_connections", _CLOSED_BECAUSE)


def _timeouts(scene: Scene) -> int:
    return sum(_TIMED_OUT in str(line) for line in scene.worker.logged("broker_disconnected"))


def clock_jumps(scene: Scene) -> None:
    """An hour ahead and back, again and again, while leases run and commands wait to be tried again."""
    _run_on_that_clock(scene)
    scene.installation.sandbox.inject(FaultRule(fault=Fault.ERROR_500, probability=0.5, applied=True))
    scene.on_heal(scene.installation.sandbox.clear_faults)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2, signal.SIGUSR1):
        scene.await_a_moment()
        scene.worker.signal(number)


def clock_jumps_in_a_pause(jump: signal.Signals, scene: Scene) -> None:
    """The provider is away when the clock jumps: the pause, its probe and all that waits were dated before."""
    _run_on_that_clock(scene)
    scene.installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    scene.on_heal(scene.installation.sandbox.clear_faults)
    scene.publish_more()
    scene.await_paused("outage")
    scene.worker.signal(jump)


def clock_set_back_over_a_restart(ahead_seconds: float, rule: FaultRule, scene: Scene) -> None:
    """Commands wait to be tried again when the worker dies; its successor's clock is as much behind the one before."""
    _run_on_that_clock(scene, str(ahead_seconds))
    scene.on_heal(scene.replace_worker)
    scene.on_heal(scene.installation.sandbox.clear_faults)
    scene.installation.sandbox.inject(rule)
    scene.publish_more()
    wait_for(lambda: scene.worker.logged("command_retried"), "a command that waits", _NOTICED_SECONDS)
    scene.worker.kill()


def _run_on_that_clock(scene: Scene, *ahead_seconds: str) -> None:
    assert scene.stop(scene.worker) == 0
    scene.started.pop(0)
    scene.await_ready(scene.start_program(jumping_worker.__file__, "run", *ahead_seconds))


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
