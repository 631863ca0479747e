"""The broker is restarted, killed, or hangs up, while commands are published, handled and answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.servers.finding import OwnBroker
from tests.support.held_calls import PATIENT, await_all_held
from tests.support.installation import Installation
from tests.support.loads import rotations
from tests.support.servers import wait_until_crash_safe

CUSTOMERS, ROUNDS = 20, 15
RECOVERY_SECONDS = 120.0


def restart(broker: OwnBroker) -> None:
    broker.restart()


def kill(broker: OwnBroker) -> None:
    broker.kill()
    broker.start()


def hang_up(broker: OwnBroker) -> None:
    broker.ctl("close_all_connections", "a test wants it so")


@pytest.mark.parametrize("break_it", [hang_up, restart, kill])
def test_the_broker_breaks_under_load(
    fragile_installation: Installation, fragile_broker: OwnBroker, break_it: Callable[[OwnBroker], None]
) -> None:
    installation, commands = fragile_installation, rotations(CUSTOMERS, ROUNDS)
    half = len(commands) // 2
    installation.sandbox.set_latency(0.2)
    with installation.worker(**PATIENT) as worker, ThreadPoolExecutor(1) as billing:
        wait_until_crash_safe(
            fragile_broker, *(queue.name for queue in installation.topology.queues), *installation.listener.queues
        )
        installation.emitter.publish(*commands[:half])
        installation.listener.await_count(CUSTOMERS)
        # One customer's commands wait for a call that does not end: however slow the machine is, it breaks before that.
        installation.sandbox.inject(FaultRule(fault=Fault.HELD, times=1))
        publishing = billing.submit(installation.emitter.publish, *commands[half:])
        await_all_held(installation)
        break_it(fragile_broker)
        installation.sandbox.clear_faults()
        publishing.result()
        installation.listener.listen()
        installation.listener.await_events(commands, RECOVERY_SECONDS)
        for role in ("consume", "publish"):
            assert worker.metric("provisioning_broker_reconnects_total", role=role) >= 1
        assert worker.terminate() == 0
    installation.verdict(commands)
