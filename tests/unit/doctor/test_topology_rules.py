"""Queues, exchanges and bindings that are not as they must be."""

from dataclasses import replace

import pytest

from tests.unit.doctor.planted import (
    found,
    healthy_broker,
    seen_over_amqp_alone,
    the_one,
    with_exchange,
    with_queue,
)
from worker.doctor import Danger, Rule, Severity
from worker.doctor.facts import Duty, QueuePresence


def arguments(duty: Duty) -> dict[str, object]:
    return dict(next(each.wanted for each in healthy_broker().queues if each.duty is duty))


def test_an_installation_in_which_all_is_well_has_no_findings() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("duty", "danger"),
    [(Duty.COMMANDS, Danger.LOSS), (Duty.DEAD_LETTERS, Danger.STOP), (Duty.UNROUTED, Danger.STOP)],
)
def test_a_missing_queue_is_declared(duty: Duty, danger: Danger) -> None:
    finding = the_one(found(with_queue(healthy_broker(), duty, presence=QueuePresence.MISSING)))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.QUEUE_PRESENT, Severity.BROKEN, danger)
    assert finding.mend == "provisioning-worker topology apply"


@pytest.mark.parametrize(
    ("name", "value", "danger"),
    [
        ("x-queue-type", "classic", Danger.LOSS),
        ("x-single-active-consumer", None, Danger.ORDER),
        ("x-delivery-limit", 20, Danger.LOSS),
        ("x-delivery-limit", -1, Danger.LOSS),
        ("x-dead-letter-exchange", None, Danger.LOSS),
        ("x-dead-letter-routing-key", "other", Danger.LOSS),
        ("x-dead-letter-strategy", "at-most-once", Danger.LOSS),
        ("x-overflow", "drop-head", Danger.LOSS),
        ("x-max-priority", 10, Danger.ORDER),
        ("x-message-ttl", 60_000, Danger.LOSS),
        ("x-expires", 60_000, Danger.LOSS),
        ("x-max-length", 10, Danger.LOSS),
        ("x-max-length-bytes", 10, Danger.LOSS),
    ],
)
def test_each_differing_argument_of_the_command_queue_is_named(name: str, value: object, danger: Danger) -> None:
    planted = {**arguments(Duty.COMMANDS), name: value}
    broker = with_queue(healthy_broker(), Duty.COMMANDS, arguments={k: v for k, v in planted.items() if v is not None})

    finding = the_one(found(broker))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.QUEUE_ARGUMENTS, Severity.BROKEN, danger)
    assert f"{name} is {'not set' if value is None else value} and must be" in finding.text
    assert "events that nobody bound" not in finding.text
    assert "grep -qxF" in finding.mend, "a queue is deleted only when nothing is in it"
    assert finding.mend.endswith("&& rabbitmqctl delete_queue -p / p.commands.00 && provisioning-worker topology apply")


def test_several_differing_arguments_are_one_finding_with_the_gravest_danger() -> None:
    planted = {**arguments(Duty.COMMANDS), "x-overflow": "drop-head", "x-single-active-consumer": False}

    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, arguments=planted)))

    assert finding.danger is Danger.ORDER
    assert finding.text.index("x-single-active-consumer") < finding.text.index("x-overflow")


def test_what_amqp_alone_reports_of_a_differing_queue_is_the_brokers_words() -> None:
    broker = with_queue(seen_over_amqp_alone(), Duty.COMMANDS, presence=QueuePresence.DIFFERS, words="inequivalent arg")

    assert "inequivalent arg" in next(each.text for each in found(broker) if each.rule is Rule.QUEUE_ARGUMENTS)


def test_arguments_that_could_not_be_compared_are_unknown_and_never_well() -> None:
    broker = with_queue(seen_over_amqp_alone(), Duty.COMMANDS, presence=QueuePresence.UNCOMPARED, words="refused")

    finding = next(each for each in found(broker) if each.rule is Rule.QUEUE_ARGUMENTS)

    assert finding.severity is Severity.UNKNOWN
    assert "PROVISIONING_AMQP__MANAGEMENT_URL" in finding.mend


def test_what_amqp_could_not_compare_the_management_api_does() -> None:
    assert found(with_queue(healthy_broker(), Duty.COMMANDS, presence=QueuePresence.UNCOMPARED)) == []


def test_a_queue_without_a_leader_stands_still() -> None:
    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, has_leader=False)))

    assert (finding.rule, finding.danger) == (Rule.QUEUE_LEADER, Danger.STOP)


def test_a_missing_exchange_is_declared() -> None:
    finding = the_one(found(with_exchange(healthy_broker(), "p.events", presence=QueuePresence.MISSING)))

    assert (finding.rule, finding.mend) == (Rule.EXCHANGE_PRESENT, "provisioning-worker topology apply")


def test_an_exchange_of_another_kind_is_made_anew() -> None:
    broker = with_exchange(healthy_broker(), "p.commands", presence=QueuePresence.DIFFERS, kind="direct")

    finding = the_one(found(broker))

    assert (finding.rule, finding.danger) == (Rule.EXCHANGE_KIND, Danger.LOSS)
    assert finding.mend == "provisioning-worker topology apply --replace p.commands"


@pytest.mark.parametrize(
    "answer", [{"arguments": {}}, {"arguments": None, "words": "inequivalent 'alternate-exchange'"}]
)
def test_an_events_exchange_without_its_alternate_is_reported(answer: dict[str, object]) -> None:
    finding = the_one(found(with_exchange(healthy_broker(), "p.events", presence=QueuePresence.DIFFERS, **answer)))

    assert (finding.rule, finding.severity, finding.danger) == (
        Rule.ALTERNATE_EXCHANGE,
        Severity.BROKEN,
        Danger.STOP,
    )


def test_a_missing_binding_loses_what_is_published() -> None:
    broker = healthy_broker()
    bindings = tuple(replace(each, present=each.exchange != "p.commands") for each in broker.bindings)

    finding = the_one(found(replace(broker, bindings=bindings)))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.BINDING_PRESENT, Severity.BROKEN, Danger.LOSS)
    assert "p.commands -> p.commands.00 (#)" in finding.text


def test_without_the_management_api_nothing_it_alone_knows_is_called_well() -> None:
    findings = found(seen_over_amqp_alone())

    assert {each.severity for each in findings} == {Severity.UNKNOWN}
    assert {each.rule for each in findings} == {
        Rule.BINDING_PRESENT,
        Rule.POLICY_HARMLESS,
        Rule.BROKER_ALARM,
        Rule.OWN_CONSUMERS,
    }
    assert all("PROVISIONING_AMQP__MANAGEMENT_URL" in each.mend for each in findings)
