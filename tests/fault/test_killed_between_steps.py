"""SIGKILL between each two steps of a delivery's way: what was promised holds after the next start."""

import signal

import pytest

from sandbox.provider.operations.calls import Operation
from tests.support.commands import Command, create, disable, rotate
from tests.support.held_calls import PATIENT, await_held, hold_calls
from tests.support.installation import Installation
from tests.support.seeds import credential_of, old_customer
from worker.domain.work import Step

CUSTOMERS = 6
WINDOW = {"AMQP__PREFETCH": "10", "WORKER__CONCURRENCY": "4"}


def applied_commands() -> list[Command]:
    """Three for each customer, side by side, each of which changes the provider's state."""
    numbers = range(CUSTOMERS)
    return [
        *(create(f"new-{number}@example.com", subject=f"cus_{number}") for number in numbers),
        *(
            rotate(old_customer(number), credential_of(number), "a first password", subject=f"cus_{number}")
            for number in numbers
        ),
        *(disable(f"new-{number}@example.com", subject=f"cus_{number}") for number in numbers),
    ]


def failing_commands() -> list[Command]:
    """Some that the provider refuses, and some that are no commands."""
    numbers = range(CUSTOMERS)
    return [
        *(create(f"bad-{number}@example.com", package="Platinum", subject=f"cus_{number}") for number in numbers),
        *(create(f"bad-{number}@example.com", colour="red", subject=f"cus_{number}") for number in numbers),
        *(disable(f"nobody-{number}@example.com", subject=f"cus_{number}") for number in numbers),
    ]


def kill_and_start_again(installation: Installation, step: Step, commands: list[Command]) -> None:
    installation.emitter.publish(*commands)
    with installation.killed_worker(step, nth=5, **WINDOW) as killed:
        assert killed.await_exit() == -signal.SIGKILL
    with installation.worker(**WINDOW) as worker:
        installation.listener.await_events(commands)
        assert worker.terminate() == 0


@pytest.mark.parametrize("step", [step for step in Step if step not in {Step.DEAD_LETTER_PUBLISHED, Step.PARKED}])
def test_killed_on_the_way_of_what_succeeds(installation: Installation, step: Step) -> None:
    commands = applied_commands()
    kill_and_start_again(installation, step, commands)
    installation.verdict(commands)


@pytest.mark.parametrize("step", list(Step)[list(Step).index(Step.CLAIMED) :])
def test_killed_on_the_way_of_what_fails(installation: Installation, step: Step) -> None:
    commands = failing_commands()
    kill_and_start_again(installation, step, commands)
    installation.verdict(commands, failing={command.id for command in commands})


def test_killed_while_the_provider_is_still_applying(installation: Installation) -> None:
    command = create("new@example.com")
    hold_calls(installation)
    installation.emitter.publish(command)
    with installation.worker(**PATIENT) as killed:
        await_held(installation, calls=1)
        killed.kill()
    with installation.worker(PROVIDER__SETTLE_SECONDS="1.5") as worker:
        installation.sandbox.clear_faults()
        assert installation.listener.await_event(command).data["outcome"] == "already_applied"
        assert worker.terminate() == 0
    # Found and adopted; its password cannot be read, so it is set to what the command said.
    made = [Operation.ADD, Operation.RETRIEVE, Operation.SET_PASSWORD]
    assert [entry.operation for entry in installation.sandbox.journal()] == made
    installation.verdict([command])


def test_killed_again_and_again_on_the_way(installation: Installation) -> None:
    commands = [command for pair in zip(applied_commands(), failing_commands(), strict=True) for command in pair]
    installation.emitter.publish(*commands)
    for step in (Step.HANDLED, Step.RECORDED, Step.EVENT_PUBLISHED):
        with installation.killed_worker(step, nth=7, **WINDOW) as killed:
            assert killed.await_exit() == -signal.SIGKILL
    with installation.worker(**WINDOW) as worker:
        installation.listener.await_events(commands)
        assert worker.terminate() == 0
    installation.verdict(commands, failing={command.id for command in commands[1::2]})
