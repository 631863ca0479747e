"""Each customer's commands are applied in the order in which they were published, whatever happens to the calls."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.servers.finding import OwnBroker
from tests.support.commands import Command, create, disable, rotate
from tests.support.forked_worker import forked_worker
from tests.support.held_calls import PATIENT, await_held
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import credential_of, old_customer, seed_of
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

CUSTOMERS = 200
PREFETCH = 500
#: One call in ten goes wrong: each kind takes a fiftieth.
KINDS = (Fault.APPLY_THEN_DROP, Fault.DROP_BEFORE, Fault.ERROR_500, Fault.HTML, Fault.TRUNCATED)
SHARE = 0.02
#: With two calls at once.
COMMANDS_UNDER_WAY = 4
IMPATIENT = {
    "RETRY__BASE_SECONDS": "0.02",
    "RETRY__CAP_SECONDS": "0.2",
    "PROVIDER__SETTLE_SECONDS": "0.05",
}


@pytest.fixture
def installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation with as many customers as the largest test needs."""
    with open_installation(broker.url, tmp_path, seed_of(CUSTOMERS), forked_worker) as opened:
        yield opened


def times_given_back(worker: WorkerProcess) -> list[dict[str, Any]]:
    """Each time the worker said that it gave its window back."""
    return [line for line in worker.logged("broker_disconnected") if "given back" in line["reason"]]


def ten_commands(number: int) -> list[Command]:
    """A signup, two times four rotations of an older account's credential, and the end of the new account."""
    subject, new = f"cus_{number}", f"new-{number:03}@example.com"
    turns = [
        rotate(old_customer(number), credential_of(number), f"password {turn}", subject=subject) for turn in range(8)
    ]
    return [create(new, subject=subject), *turns[:4], disable(new, subject=subject), *turns[4:]]


def test_two_hundred_customers_with_ten_commands_each_while_one_call_in_ten_fails(installation: Installation) -> None:
    commands = [command for turn in zip_longest(*map(ten_commands, range(CUSTOMERS))) for command in turn if command]
    for seed, kind in enumerate(KINDS):
        installation.sandbox.inject(FaultRule(fault=kind, probability=SHARE, seed=seed))
    with installation.worker(**IMPATIENT) as worker:
        installation.emitter.publish(*commands)
        installation.listener.await_events(commands, seconds=120)
        assert worker.terminate() == 0
    totals = installation.verdict(commands)
    assert totals.dead_letters == 0
    faulty = [entry for entry in installation.sandbox.journal() if entry.fault is not None]
    assert len(faulty) > 0.07 * totals.calls


def test_a_window_that_is_given_back_keeps_the_order(installation: Installation) -> None:
    commands = rotations(customers=20, rounds=10)
    stuck = FaultRule(fault=Fault.ERROR_500, operation=Operation.CREDENTIAL_EDIT, username=old_customer(0))
    installation.sandbox.inject(stuck)
    installation.sandbox.set_latency(0.05)
    with installation.worker(AMQP__HOLD_SECONDS="0.5", AMQP__PREFETCH="50", **IMPATIENT) as worker:
        installation.emitter.publish(*commands)
        wait_for(lambda: len(times_given_back(worker)) > 1, "the window to be given back twice")
        installation.sandbox.clear_faults()
        installation.listener.await_events(commands)
        assert worker.terminate() == 0
    installation.verdict(commands)


def test_an_outage_with_a_backlog_of_hundreds_makes_no_dead_letter(installation: Installation) -> None:
    commands = rotations(CUSTOMERS, rounds=3)
    installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    with installation.worker(RETRY__MAX_ATTEMPTS="2", **IMPATIENT) as worker:
        installation.emitter.publish(*commands)
        worker.await_paused("outage")
        worker.await_metric("provisioning_commands_held", PREFETCH)
        installation.sandbox.clear_faults()
        installation.listener.await_events(commands)
        assert worker.terminate() == 0
    assert installation.verdict(commands).dead_letters == 0


def test_no_command_is_overtaken_because_another_customer_s_call_is_slow(installation: Installation) -> None:
    slow, *others = rotations(customers=60, rounds=1)
    # Long enough for the next ones to be claimed meanwhile.
    installation.sandbox.set_latency(0.03)
    installation.sandbox.inject(FaultRule(fault=Fault.HELD, username=old_customer(0)))
    with installation.worker(**PATIENT, WORKER__CONCURRENCY="2") as worker:
        installation.emitter.publish(slow)
        await_held(installation, 1)
        installation.emitter.publish(*others)
        installation.listener.await_events(others)
        installation.sandbox.clear_faults()
        installation.listener.await_events([slow, *others])
        assert worker.terminate() == 0
    called = [entry.username for entry in installation.sandbox.journal()]
    late = [called.index(command.username) - place for place, command in enumerate(others)]
    # Those that are claimed together may change places; each call is made by a thread that waits for no other one.
    assert max(late) <= COMMANDS_UNDER_WAY
