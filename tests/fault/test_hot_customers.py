"""A customer whose commands cannot run never holds up the others, though its commands fill every window."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.servers.finding import OwnBroker
from tests.support.commands import Command, rotate
from tests.support.house import House, open_house
from tests.support.loads import rotations
from tests.support.seeds import credential_of, old_customer, seed_of

PATIENT = {"RETRY__MAX_ATTEMPTS": "100000", "RETRY__CAP_SECONDS": "1", "AMQP__PREFETCH": "100"}
HOT = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many commands the hot customer has, and how many the others have together."""

    hot: int
    customers: int
    rounds: int
    prefetch: int


SHORT = Scale(hot=600, customers=150, rounds=4, prefetch=100)
LONG = Scale(hot=5000, customers=1000, rounds=5, prefetch=500)


@pytest.fixture
def scale() -> Scale:
    return LONG if os.environ.get("HOT") == "long" else SHORT


@pytest.fixture
def town(broker: OwnBroker, scale: Scale, tmp_path: Path) -> Iterator[House]:
    with open_house(broker.url, tmp_path, seed_of(scale.customers + 1)) as opened:
        opened.settings |= PATIENT | {"AMQP__PREFETCH": str(scale.prefetch)}
        yield opened


def hot_commands(count: int) -> list[Command]:
    """One customer's credential gets one new password after the other."""
    return [rotate(old_customer(HOT), credential_of(HOT), f"password {turn}", subject="hot") for turn in range(count)]


def others(scale: Scale) -> list[Command]:
    """Everybody else's commands."""
    return [command for command in rotations(scale.customers + 1, scale.rounds) if command.data["username"] != old_customer(HOT)]


def test_a_customer_whose_first_command_waits_for_a_retry_does_not_hold_up_those_behind(
    town: House, scale: Scale
) -> None:
    hot, behind = hot_commands(scale.hot), others(scale)
    stuck = FaultRule(fault=Fault.ERROR_500, operation=Operation.CREDENTIAL_EDIT, username=old_customer(HOT))
    town.sandbox.inject(stuck)
    town.emitter.publish(*hot, *behind)
    with town.worker() as worker:
        town.ear.await_events(behind, seconds=120)
        assert not [heard for heard in town.ear.events if heard.data["username"] == old_customer(HOT)]
        print("parked", worker.ask("/readyz").document["parked"], len(worker.said("commands_parked")))
        town.sandbox.clear_faults()
        town.ear.await_events([*hot, *behind], seconds=120)
        assert worker.terminate() == 0
    assert town.verdict([*hot, *behind]).letters == 0
