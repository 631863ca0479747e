"""A customer who is renamed keeps the order of its commands, whichever of its names they use."""

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.support import commands as build
from tests.support.commands import Command
from tests.support.installation import Installation

CUSTOMERS = 20
PATIENT = {"PROVIDER__SETTLE_SECONDS": "0.05", "RETRY__MAX_ATTEMPTS": "20"}


def names(number: int) -> tuple[str, str, str]:
    return f"maiden-{number}@example.com", f"Married-{number}@example.com", f"widow-{number}@example.com"


def life(number: int) -> list[Command]:
    """Two new names in one life, and nothing but the names to say whose commands these are."""
    maiden, married, widow = names(number)
    return [
        build.create(maiden),
        build.update_profile(maiden, {"city": "York"}),
        build.rename(maiden, married),
        build.disable(married.lower()),
        build.update_profile(married, {"city": "Bath"}),
        build.rename(married, widow),
        build.enable(widow),
        build.change_email(widow, f"end-{number}@example.com"),
    ]


def lives() -> list[Command]:
    """One whole life after the other, so that a customer's commands are at hand together."""
    return [command for number in range(CUSTOMERS) for command in life(number)]


def test_commands_under_the_old_and_the_new_name_keep_their_order(own_installation: Installation) -> None:
    commands = lives()
    own_installation.sandbox.set_latency(0.01)
    own_installation.emitter.publish(*commands)
    with own_installation.worker() as worker:
        own_installation.listener.await_events(commands)
        assert worker.terminate() == 0
    assert own_installation.verdict(commands).dead_letters == 0
    assert set(own_installation.sandbox.state().customers) >= {names(number)[2] for number in range(CUSTOMERS)}


def test_they_keep_it_while_answers_are_lost_and_calls_fail(own_installation: Installation) -> None:
    commands = lives()
    lost = (Operation.SET_USERNAME, Operation.ADD, Operation.DISABLE, Operation.SET_EMAIL)
    own_installation.sandbox.inject(
        *(FaultRule(fault=Fault.APPLY_THEN_DROP, operation=operation, every=3) for operation in lost),
        FaultRule(fault=Fault.ERROR_500, probability=0.05, seed=1),
        FaultRule(fault=Fault.TRUNCATED, probability=0.05, seed=2),
    )
    own_installation.emitter.publish(*commands)
    with own_installation.worker(**PATIENT) as worker:
        own_installation.listener.await_events(commands, seconds=50)
        assert worker.terminate() == 0
    assert own_installation.verdict(commands).dead_letters == 0
    assert len([entry for entry in own_installation.sandbox.journal() if entry.fault is not None]) > CUSTOMERS


def test_a_new_name_that_is_taken_is_refused_and_both_customers_stay_as_they_were(
    own_installation: Installation,
) -> None:
    one, other, _ = names(0)
    commands = [build.create(one), build.create(other), build.rename(one, other), build.disable(one)]
    with own_installation.worker() as worker:
        own_installation.emitter.publish(*commands)
        refused = own_installation.listener.await_events(commands)[2]
        assert worker.terminate() == 0
    assert refused.data["reason"] == "provider_rejected"
    own_installation.verdict(commands, failing={commands[2].id})
