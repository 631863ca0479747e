"""A call that goes wrong, each way it can: the command is applied once, and the customer's next one after it."""

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from tests.support.commands import create, disable, new_username, rotate
from tests.support.house import House
from tests.support.waiting import wait_for

NOT_APPLIED = [
    FaultRule(fault=Fault.DROP_BEFORE),
    FaultRule(fault=Fault.ERROR_500),
    FaultRule(fault=Fault.HTML),
    FaultRule(fault=Fault.THROTTLED, reset_seconds=0),
]
APPLIED = [
    FaultRule(fault=Fault.APPLY_THEN_DROP),
    FaultRule(fault=Fault.ERROR_500, applied=True),
    FaultRule(fault=Fault.HTML, applied=True),
    FaultRule(fault=Fault.TRUNCATED),
    FaultRule(fault=Fault.THROTTLED, applied=True, reset_seconds=0),
    FaultRule(fault=Fault.SLOW, delay_seconds=2.1),
]


def named(rule: FaultRule) -> str:
    return rule.fault.value


def strike(house: House, rule: FaultRule, operation: Operation, username: str) -> None:
    house.sandbox.inject(rule.model_copy(update={"operation": operation, "username": username, "times": 1}))


def effects(house: House, username: str) -> list[tuple[Operation, Effect]]:
    return [(entry.operation, entry.effect) for entry in house.sandbox.journal() if entry.username == username]


@pytest.mark.parametrize("rule", APPLIED, ids=named)
def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(house: House, rule: FaultRule) -> None:
    command = create(new_username())
    then = disable(command.username)
    strike(house, rule, Operation.ADD, command.username)
    house.emitter.publish(command, then)
    event, _ = house.ear.await_events([command, then])
    assert (event.data["outcome"], event.data["attempts"]) == ("already_applied", 2)
    assert effects(house, command.username) == [
        (Operation.ADD, Effect.CHANGED),
        (Operation.RETRIEVE, Effect.READ),
        # No list tells the password, so it is set once more.
        (Operation.SET_PASSWORD, Effect.UNCHANGED),
        (Operation.DISABLE, Effect.CHANGED),
    ]


@pytest.mark.parametrize("rule", NOT_APPLIED, ids=named)
def test_a_create_that_did_not_happen_is_looked_for_and_repeated(house: House, rule: FaultRule) -> None:
    command = create(new_username())
    then = disable(command.username)
    strike(house, rule, Operation.ADD, command.username)
    house.emitter.publish(command, then)
    event, _ = house.ear.await_events([command, then])
    assert (event.data["outcome"], event.data["attempts"]) == ("applied", 2)
    assert effects(house, command.username) == [
        (Operation.ADD, Effect.NOT_APPLIED),
        (Operation.RETRIEVE, Effect.READ),
        (Operation.ADD, Effect.CHANGED),
        (Operation.DISABLE, Effect.CHANGED),
    ]


@pytest.mark.parametrize("rule", [*NOT_APPLIED, *APPLIED[:-1]], ids=named)
def test_a_disable_is_repeated_and_changes_the_state_once(house: House, rule: FaultRule) -> None:
    made = create(new_username())
    command = disable(made.username)
    strike(house, rule, Operation.DISABLE, made.username)
    house.emitter.publish(made, command)
    assert house.ear.await_event(command).data["attempts"] == 2
    disables = [effect for operation, effect in effects(house, made.username) if operation is Operation.DISABLE]
    wanted = [Effect.CHANGED, Effect.UNCHANGED] if rule.is_applied else [Effect.NOT_APPLIED, Effect.CHANGED]
    assert disables == wanted


def test_a_rotation_whose_answer_is_lost_sets_the_same_password_again(house: House) -> None:
    command = rotate("a@x.com", "cred1", new_username())
    strike(house, FaultRule(fault=Fault.APPLY_THEN_DROP), Operation.CREDENTIAL_EDIT, "a@x.com")
    house.emitter.publish(command)
    assert house.ear.await_event(command).data["attempts"] == 2
    digest = house.sandbox.digest(command.data["new_credential_password"])
    edits = [entry.effect for entry in house.sandbox.journal() if entry.secret_digest == digest]
    assert edits == [Effect.CHANGED, Effect.UNCHANGED]


def test_a_create_refused_because_an_earlier_try_was_applied_late_is_found(house: House) -> None:
    command = create(new_username())
    # The first is let go when it was looked for and another has come; those come to their turn after it.
    house.sandbox.inject(FaultRule(fault=Fault.HELD, operation=Operation.ADD, username=command.username))
    house.emitter.publish(command)
    # Counted by the rule: a late call of another test may be on its way as well.
    wait_for(lambda: house.sandbox.faults()[0].befallen == 2, "the second call")
    house.sandbox.clear_faults()
    assert house.ear.await_event(command).data["outcome"] == "already_applied"
    adds = [effect for operation, effect in effects(house, command.username) if operation is Operation.ADD]
    assert adds[:2] == [Effect.CHANGED, Effect.REFUSED]
    assert set(adds[1:]) == {Effect.REFUSED}


def test_a_customer_that_another_command_has_made_is_not_adopted(house: House) -> None:
    first = create(new_username())
    second = create(first.username)
    house.emitter.publish(first)
    house.ear.await_event(first)
    strike(house, FaultRule(fault=Fault.DROP_BEFORE), Operation.ADD, first.username)
    house.emitter.publish(second)
    assert house.ear.await_event(second).data["reason"] == "outcome_unknown"
    assert house.ear.await_dead_letter(second).routing_key == "outcome_unknown"


def test_while_one_customer_waits_others_go_on(house: House) -> None:
    stuck, free = create(new_username()), create(new_username())
    strike(house, FaultRule(fault=Fault.HELD), Operation.ADD, stuck.username)
    house.emitter.publish(stuck, free)
    house.ear.await_event(free)
    assert house.ear.events_of(stuck) == []
    house.sandbox.clear_faults()
    house.ear.await_event(stuck)
