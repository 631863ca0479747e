"""An outage over a backlog with two replicas: give-backs, a takeover in the middle, and nobody is punished.

It runs small. `OUTAGE=long pytest` plays four hours in two minutes: 20,000 commands, and as many
give-backs as there would be.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.servers.finding import OwnBroker
from sandbox.servers.postgres import PrivatePostgres
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import seed_of
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess
from worker.ledger.maintenance import migrate_ledger

PREFETCH = 500


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how long: `give_backs` before the active replica is killed, and as many after."""

    customers: int
    rounds: int
    hold_seconds: float
    give_backs: int
    patience_seconds: float


#: A few more than fill the window. How long they take afterwards is a matter of the machine: what waits for longer than
#: it is held is given back then, too.
SHORT = Scale(customers=200, rounds=4, hold_seconds=1.0, give_backs=2, patience_seconds=240.0)
LONG = Scale(customers=1000, rounds=20, hold_seconds=5.0, give_backs=12, patience_seconds=600.0)


@pytest.fixture
def scale() -> Scale:
    return LONG if os.environ.get("OUTAGE") == "long" else SHORT


@pytest.fixture
def installation(broker: OwnBroker, scale: Scale, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose ledger lies on a server, so that two replicas may work on it."""
    with (
        session_database() as database,
        open_installation(broker.url, tmp_path, seed_of(scale.customers), forked_worker) as opened,
    ):
        opened.settings |= _shared(database) | {
            "AMQP__HOLD_SECONDS": str(scale.hold_seconds),
            # With so few, each failure that is charged to anybody ends as a dead letter soon.
            "RETRY__MAX_ATTEMPTS": "3",
        }
        yield opened


def _shared(database: PrivatePostgres) -> dict[str, str]:
    migrate_ledger(database.url)
    return {"LEDGER__URL": database.url, "SECRETS__KEYS": Fernet.generate_key().decode()}


def await_given_back(worker: WorkerProcess, times: int, seconds: float) -> None:
    def given_back() -> bool:
        return sum("given back" in line["reason"] for line in worker.logged("broker_disconnected")) >= times

    wait_for(given_back, f"{times} give-backs", seconds)


def who_is_active(workers: list[WorkerProcess]) -> WorkerProcess:
    """The one that holds deliveries."""

    def holding() -> WorkerProcess | None:
        return next((worker for worker in workers if worker.metric("provisioning_commands_held") >= PREFETCH), None)

    return wait_for(holding, "a replica that holds a whole window")


@pytest.mark.timeout(900)
def test_an_outage_with_a_takeover_in_the_middle_ends_without_a_dead_letter(
    installation: Installation, scale: Scale, record_property: Callable[[str, object], None]
) -> None:
    commands = rotations(scale.customers, scale.rounds)
    installation.emitter.publish(*commands)
    installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    began = time.monotonic()
    with ExitStack() as stack:
        workers = [stack.enter_context(installation.worker()) for _ in range(2)]
        active = who_is_active(workers)
        [standby] = [worker for worker in workers if worker is not active]
        # The one that stands by has made no call: it knows only what the ledger says.
        assert standby.await_paused("outage") == active.await_paused("outage")
        await_given_back(active, scale.give_backs, scale.patience_seconds)
        active.kill()
        killed_at = max(entry.sequence for entry in installation.sandbox.journal())
        assert who_is_active([standby]) is standby
        await_given_back(standby, scale.give_backs, scale.patience_seconds)
        assert standby.logged("intake_resumed") == []
        # How often it gives back says nothing of how often it probes: on a busy machine none was due yet.
        during = wait_for(
            lambda: installation.sandbox.journal(after=killed_at), "the successor's probe", scale.patience_seconds
        )
        installation.sandbox.clear_faults()
        over = time.monotonic()
        installation.listener.await_events(commands, seconds=scale.patience_seconds)
        drained = time.monotonic()
        assert standby.terminate() == 0
    # Nothing but probes was sent by the successor until the provider was back.
    assert {entry.operation for entry in during} == {Operation.RETRIEVE}
    totals = installation.verdict(commands)
    assert totals.dead_letters == 0
    record_property("outage", f"{totals}, {over - began:.0f} s away, {drained - over:.0f} s to drain")
