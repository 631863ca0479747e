"""A customer whose commands cannot run never holds up the others, though its commands fill every window."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.servers.finding import OwnBroker
from tests.support import leased_worker
from tests.support.billing import ReceivedMessage
from tests.support.commands import Command, rotate, update_profile, update_user_profile
from tests.support.detour import detour
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import credential_of, old_customer, seed_of
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess
from worker.ledger.maintenance import migrate_ledger

PATIENT = {"RETRY__MAX_ATTEMPTS": "100000", "RETRY__CAP_SECONDS": "1"}
HOT = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many commands the hot customer has, and how many the others have together."""

    hot: int
    customers: int
    rounds: int
    prefetch: int


SHORT = Scale(hot=200, customers=80, rounds=3, prefetch=40)
LONG = Scale(hot=5000, customers=1000, rounds=5, prefetch=500)


@pytest.fixture
def scale() -> Scale:
    return LONG if os.environ.get("HOT") == "long" else SHORT


@pytest.fixture
def installation(broker: OwnBroker, scale: Scale, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(broker.url, tmp_path, seed_of(scale.customers + 1), forked_worker) as opened:
        opened.settings |= PATIENT | {"AMQP__PREFETCH": str(scale.prefetch)}
        yield opened


def hot_commands(count: int) -> list[Command]:
    """One customer's credential gets one new password after the other."""
    return [rotate(old_customer(HOT), credential_of(HOT), f"password {turn}", subject="hot") for turn in range(count)]


def others(scale: Scale) -> list[Command]:
    """Everybody else's commands."""
    every = rotations(scale.customers + 1, scale.rounds)
    return [command for command in every if command.username != old_customer(HOT)]


def hold_up(installation: Installation) -> None:
    """Let every call for the hot customer fail."""
    rule = FaultRule(fault=Fault.ERROR_500, operation=Operation.CREDENTIAL_EDIT, username=old_customer(HOT))
    installation.sandbox.inject(rule)


def answered(installation: Installation, username: str) -> list[ReceivedMessage]:
    """The events about this customer so far."""
    return [received for received in installation.listener.events if received.data["username"] == username]


def parked(worker: WorkerProcess) -> int:
    """How many commands this worker has parked."""
    return int(worker.ask("/readyz").document["parked"])


def test_a_customer_whose_first_command_waits_for_a_retry_does_not_hold_up_those_behind(
    installation: Installation, scale: Scale
) -> None:
    hot, behind = hot_commands(scale.hot), others(scale)
    hold_up(installation)
    installation.emitter.publish(*hot, *behind)
    with installation.worker() as worker:
        installation.listener.await_events(behind, seconds=120)
        assert not answered(installation, old_customer(HOT))
        assert parked(worker) == len(hot)
        # Its first one may be at an attempt just now.
        worker.await_metric("provisioning_commands_held", len(hot))
        installation.sandbox.clear_faults()
        installation.listener.await_events([*hot, *behind], seconds=120)
        assert parked(worker) == 0
        assert worker.terminate() == 0
    totals = installation.verdict([*hot, *behind])
    assert (totals.dead_letters, totals.repeats) == (0, 0)


def test_a_long_row_of_one_customer_s_commands_that_all_go_well_lets_others_pass(
    installation: Installation, scale: Scale
) -> None:
    hot, behind = hot_commands(scale.hot), others(scale)
    installation.emitter.publish(*hot, *behind)
    with installation.worker() as worker:
        installation.listener.await_events([*hot, *behind], seconds=120)
        assert worker.terminate() == 0
    installation.verdict([*hot, *behind])
    order = [received.data["username"] for received in installation.listener.events]
    last_of_the_others = max(place for place, username in enumerate(order) if username != old_customer(HOT))
    assert old_customer(HOT) in order[last_of_the_others:]


def test_what_is_parked_outlives_kills_and_stops(installation: Installation, scale: Scale) -> None:
    hot, behind = hot_commands(scale.hot), others(scale)
    hold_up(installation)
    installation.emitter.publish(*hot)
    with installation.worker() as worker:
        wait_for(lambda: parked(worker) == len(hot), "all to be parked", 60)
        worker.kill()
    installation.emitter.publish(*behind)
    with installation.worker() as worker:
        wait_for(lambda: parked(worker) == len(hot), "what the first one left")
        # Far slower than the test looks: it ends each worker in the middle.
        installation.sandbox.set_latency(0.1)
        installation.sandbox.clear_faults()
        wait_for(lambda: parked(worker) < len(hot) - 5, "some of them to run", 60)
        worker.kill()
    with installation.worker() as worker:
        wait_for(lambda: 0 < parked(worker) < len(hot) - 10, "some more", 60)
        assert worker.terminate() == 0
    installation.sandbox.set_latency(0)
    with installation.worker() as worker:
        installation.listener.await_events([*hot, *behind], seconds=120)
        wait_for(lambda: parked(worker) == 0, "the last one to be cleared")
        assert worker.terminate() == 0
    assert installation.verdict([*hot, *behind]).dead_letters == 0


@pytest.fixture
def shared(installation: Installation) -> Iterator[Installation]:
    """The same, with a ledger that two workers may share."""
    with session_database() as database:
        migrate_ledger(database.url)
        installation.settings |= {"LEDGER__URL": database.url, "SECRETS__KEYS": Fernet.generate_key().decode()}
        yield installation


def test_a_standby_finishes_what_a_killed_one_had_parked_though_the_queue_is_empty(
    shared: Installation, scale: Scale
) -> None:
    hot = hot_commands(scale.hot)
    hold_up(shared)
    shared.emitter.publish(*hot)
    # A short lease, so that the standby need not wait long for its end.
    with shared.planted_worker(leased_worker.__file__, "4", "15", "0") as active:
        active.await_ready()
        wait_for(lambda: parked(active) == len(hot), "all to be parked", 60)
        with shared.worker() as standby:
            assert parked(standby) == 0
            active.kill()
            shared.sandbox.clear_faults()
            shared.listener.await_events(hot, seconds=120)
            assert standby.logged("parked_commands_taken_over")
            assert standby.terminate() == 0
    assert shared.verdict(hot).dead_letters == 0


def test_one_that_has_lost_the_broker_for_long_leaves_what_it_had_parked_to_the_other(
    shared: Installation, scale: Scale
) -> None:
    hot = hot_commands(scale.hot)
    hold_up(shared)
    shared.emitter.publish(*hot)
    with detour(shared.broker_url) as (url, way):
        way.open()
        with shared.worker(AMQP__URL=url) as active, shared.worker() as standby:
            wait_for(lambda: parked(active) == len(hot), "all to be parked", 60)
            way.close()
            shared.sandbox.clear_faults()
            shared.listener.await_events(hot, seconds=120)
            assert parked(active) == 0
            assert standby.logged("parked_commands_taken_over")
            way.open()
            active.await_ready()
            assert [active.terminate(), standby.terminate()] == [0, 0]
    assert shared.verdict(hot).dead_letters == 0


def test_commands_that_wait_for_a_refused_v3_key_do_not_hold_up_the_others(
    installation: Installation, scale: Scale
) -> None:
    waiting = [update_user_profile(old_customer(number), {"city": "Ulm"}) for number in range(scale.customers)]
    behind = [update_profile(old_customer(scale.customers), {"city": f"City {turn}"}) for turn in range(20)]
    # The customer's own order stays: this one waits behind its v3 command.
    late = update_profile(old_customer(1), {"city": "Bonn"})
    with installation.worker(PROVIDER__V3_API_KEY="SG.wrong") as worker:
        installation.emitter.publish(*waiting, late, *behind)
        worker.await_paused("unauthorized")
        installation.listener.await_events(behind, seconds=60)
        assert len(installation.listener.events) == len(behind)
        assert worker.terminate() == 0
    with installation.worker() as worker:
        installation.listener.await_events([*waiting, late, *behind], seconds=60)
        assert worker.terminate() == 0
    assert installation.verdict([*waiting, late, *behind]).dead_letters == 0
