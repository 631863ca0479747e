"""Who consumes, with which window, and for how long a delivery may be held."""

from dataclasses import replace

import pytest

from tests.unit.doctor.planted import OURS, found, healthy_broker, the_one, with_policy, with_queue
from worker.doctor import Danger, Diagnosis, Rule, Severity, diagnose
from worker.doctor.broker_facts import ConsumerFacts, Duty
from worker.doctor.facts import Facts, SettingsFacts

STRANGER = ConsumerFacts("ctag1.x", 10, active=True, connection="1.2.3.4:5 -> 6.7.8.9:5672", user="mallory")


def test_two_active_consumers_break_the_order() -> None:
    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, consumers=(OURS, OURS))))

    assert (finding.rule, finding.severity, finding.danger) == (
        Rule.ONE_ACTIVE_CONSUMER,
        Severity.BROKEN,
        Danger.ORDER,
    )


def test_a_standby_beside_the_active_worker_is_as_it_should_be() -> None:
    standby = replace(OURS, active=False)

    assert found(with_queue(healthy_broker(), Duty.COMMANDS, consumers=(OURS, standby), consumer_count=2)) == []


@pytest.mark.parametrize("duty", [Duty.COMMANDS, Duty.DEAD_LETTERS])
def test_a_stranger_who_consumes_is_named_and_can_be_disconnected(duty: Duty) -> None:
    finding = the_one(found(with_queue(healthy_broker(), duty, consumers=(STRANGER,))))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.OWN_CONSUMERS, Severity.BROKEN, Danger.LOSS)
    assert "mallory" in finding.text
    assert "name='1.2.3.4:5 -> 6.7.8.9:5672'" in finding.mend


def test_a_strangers_priority_is_told() -> None:
    consumers = (replace(OURS, active=False), replace(STRANGER, priority=10))

    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, consumers=consumers, consumer_count=2)))

    assert "priority of 10 takes the queue away from the worker" in finding.text


def test_whoever_listens_to_unrouted_events_may() -> None:
    assert found(with_queue(healthy_broker(), Duty.UNROUTED, consumers=(STRANGER,))) == []


def test_a_smaller_prefetch_than_a_running_workers_breaks_the_order_when_it_gives_back() -> None:
    finding = the_one(found(settings=SettingsFacts(prefetch=50, v3_key_set=True)))

    assert (finding.rule, finding.danger) == (Rule.PREFETCH_KEPT, Danger.ORDER)
    assert finding.mend == "export PROVISIONING_AMQP__PREFETCH=500"


def test_a_larger_prefetch_than_a_running_workers_is_harmless() -> None:
    assert found(settings=SettingsFacts(prefetch=1000, v3_key_set=True)) == []


def test_commands_that_wait_while_nobody_consumes_are_told() -> None:
    broker = with_queue(healthy_broker(), Duty.COMMANDS, ready=7, consumer_count=0, consumers=())

    finding = the_one(found(broker))

    assert (finding.rule, finding.mend) == (Rule.SOMEBODY_CONSUMES, "provisioning-worker run")
    assert "7 commands" in finding.text


def timeout(hold_seconds: float, milliseconds: int | None = None) -> list[tuple[Severity, str]]:
    broker = healthy_broker() if milliseconds is None else with_policy({"consumer-timeout": milliseconds})
    facts = Facts(SettingsFacts(hold_seconds=hold_seconds), broker)
    found_all: Diagnosis = diagnose(facts)
    return [(each.severity, each.mend) for each in found_all.findings if each.rule is Rule.CONSUMER_TIMEOUT]


def test_a_timeout_nobody_can_read_is_a_note_while_its_default_is_long_enough() -> None:
    assert timeout(600) == [(Severity.NOTE, "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'")]


def test_a_timeout_nobody_can_read_is_unknown_when_its_default_would_be_too_short() -> None:
    assert [severity for severity, _ in timeout(1700)] == [Severity.UNKNOWN]


def test_a_timeout_by_policy_that_is_too_short_bounds_the_hold() -> None:
    assert timeout(600, 600_000) == [(Severity.RISK, "export PROVISIONING_AMQP__HOLD_SECONDS=480")]


def test_a_timeout_too_short_for_any_hold_is_made_longer() -> None:
    ((severity, mend),) = timeout(600, 60_000)

    assert severity is Severity.RISK
    assert mend.endswith("""'{"consumer-timeout": 1800000}'""")


def test_a_timeout_by_policy_that_is_long_enough_is_no_finding() -> None:
    assert timeout(600, 3_600_000) == []
