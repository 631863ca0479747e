"""A call that goes wrong, each way it can: the command is applied once, and the customer's next one after it."""

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from tests.support.commands import create, disable, new_username, rotate
from tests.support.installation import Installation
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


def strike(installation: Installation, rule: FaultRule, operation: Operation, username: str) -> None:
    installation.sandbox.inject(rule.model_copy(update={"operation": operation, "username": username, "times": 1}))


def effects(installation: Installation, username: str) -> list[tuple[Operation, Effect]]:
    return [(entry.operation, entry.effect) for entry in installation.sandbox.journal() if entry.username == username]


@pytest.mark.parametrize("rule", APPLIED, ids=named)
def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(installation: Installation, rule: FaultRule) -> None:
    command = create(new_username())
    then = disable(command.username)
    strike(installation, rule, Operation.ADD, command.username)
    installation.emitter.publish(command, then)
    event, _ = installation.listener.await_events([command, then])
    assert (event.data["outcome"], event.data["attempts"]) == ("already_applied", 2)
    assert effects(installation, command.username) == [
        (Operation.ADD, Effect.CHANGED),
        (Operation.RETRIEVE, Effect.READ),
        # No list shows the password, so it is set once more.
        (Operation.SET_PASSWORD, Effect.UNCHANGED),
        (Operation.DISABLE, Effect.CHANGED),
    ]


@pytest.mark.parametrize("rule", NOT_APPLIED, ids=named)
def test_a_create_that_did_not_happen_is_looked_for_and_repeated(installation: Installation, rule: FaultRule) -> None:
    command = create(new_username())
    then = disable(command.username)
    strike(installation, rule, Operation.ADD, command.username)
    installation.emitter.publish(command, then)
    event, _ = installation.listener.await_events([command, then])
    assert (event.data["outcome"], event.data["attempts"]) == ("applied", 2)
    assert effects(installation, command.username) == [
        (Operation.ADD, Effect.NOT_APPLIED),
        (Operation.RETRIEVE, Effect.READ),
        (Operation.ADD, Effect.CHANGED),
        (Operation.DISABLE, Effect.CHANGED),
    ]


@pytest.mark.parametrize("rule", [*NOT_APPLIED, *APPLIED[:-1]], ids=named)
def test_a_disable_is_repeated_and_changes_the_state_once(installation: Installation, rule: FaultRule) -> None:
    made = create(new_username())
    command = disable(made.username)
    strike(installation, rule, Operation.DISABLE, made.username)
    installation.emitter.publish(made, command)
    assert installation.listener.await_event(command).data["attempts"] == 2
    disables = [effect for operation, effect in effects(installation, made.username) if operation is Operation.DISABLE]
    wanted = [Effect.CHANGED, Effect.UNCHANGED] if rule.is_applied else [Effect.NOT_APPLIED, Effect.CHANGED]
    assert disables == wanted


def test_a_rotation_whose_answer_is_lost_sets_the_same_password_again(installation: Installation) -> None:
    command = rotate("a@x.com", "cred1", new_username())
    strike(installation, FaultRule(fault=Fault.APPLY_THEN_DROP), Operation.CREDENTIAL_EDIT, "a@x.com")
    installation.emitter.publish(command)
    assert installation.listener.await_event(command).data["attempts"] == 2
    digest = installation.sandbox.digest(command.data["new_credential_password"])
    edits = [entry.effect for entry in installation.sandbox.journal() if entry.secret_digest == digest]
    assert edits == [Effect.CHANGED, Effect.UNCHANGED]


def test_a_create_refused_because_an_earlier_attempt_was_applied_late_is_found(installation: Installation) -> None:
    command = create(new_username())
    # The first is let go when it was looked for and another has come; those come to their turn after it.
    installation.sandbox.inject(FaultRule(fault=Fault.HELD, operation=Operation.ADD, username=command.username))
    installation.emitter.publish(command)
    # Counted by the rule: a late call of another test may be on its way as well.
    wait_for(lambda: installation.sandbox.faults()[0].befallen == 2, "the second call")
    installation.sandbox.clear_faults()
    assert installation.listener.await_event(command).data["outcome"] == "already_applied"
    adds = [effect for operation, effect in effects(installation, command.username) if operation is Operation.ADD]
    assert adds[:2] == [Effect.CHANGED, Effect.REFUSED]
    assert set(adds[1:]) == {Effect.REFUSED}


def test_a_customer_that_another_command_has_made_is_not_adopted(installation: Installation) -> None:
    first = create(new_username())
    second = create(first.username)
    installation.emitter.publish(first)
    installation.listener.await_event(first)
    strike(installation, FaultRule(fault=Fault.DROP_BEFORE), Operation.ADD, first.username)
    installation.emitter.publish(second)
    assert installation.listener.await_event(second).data["reason"] == "outcome_unknown"
    assert installation.listener.await_dead_letter(second).routing_key == "outcome_unknown"


def test_while_one_customer_waits_others_go_on(installation: Installation) -> None:
    stuck, free = create(new_username()), create(new_username())
    strike(installation, FaultRule(fault=Fault.HELD), Operation.ADD, stuck.username)
    installation.emitter.publish(stuck, free)
    installation.listener.await_event(free)
    assert installation.listener.events_of(stuck) == []
    installation.sandbox.clear_faults()
    installation.listener.await_event(stuck)
