"""Who consumes, with which window, and for how long a delivery may be held."""

from dataclasses import replace

import pytest

from tests.support.doctoring import DEFAULTS
from tests.unit.doctor.planted import OURS, found, healthy_broker, the_one, with_policy, with_queue
from worker.doctor import Danger, Rule, Severity
from worker.doctor.facts import ConsumerFacts, Duty

STRANGER = ConsumerFacts("ctag1.x", 10, active=True, connection="1.2.3.4:5 -> 6.7.8.9:5672", user="mallory")


def test_a_standby_beside_the_active_worker_is_as_it_should_be() -> None:
    standby = replace(OURS, active=False)

    assert found(with_queue(healthy_broker(), Duty.COMMANDS, consumers=(OURS, standby), consumer_count=2)) == []


@pytest.mark.parametrize("duty", [Duty.COMMANDS, Duty.DEAD_LETTERS])
def test_a_stranger_who_consumes_is_named_and_can_be_disconnected(duty: Duty) -> None:
    finding = the_one(found(with_queue(healthy_broker(), duty, consumers=(STRANGER,))))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.OWN_CONSUMERS, Severity.BROKEN, Danger.LOSS)
    assert "mallory" in finding.text
    assert "name='1.2.3.4:5 -> 6.7.8.9:5672'" in finding.mend


@pytest.mark.parametrize("duty", [Duty.COMMANDS, Duty.DEAD_LETTERS])
def test_a_stranger_whose_connection_the_broker_does_not_know_yet_is_looked_at_again(duty: Duty) -> None:
    stranger = replace(STRANGER, connection="", user="somebody")

    finding = the_one(found(with_queue(healthy_broker(), duty, consumers=(stranger,))))

    assert (finding.rule, finding.severity) == (Rule.OWN_CONSUMERS, Severity.BROKEN)
    assert "not in the broker's books yet" in finding.text
    assert finding.mend == "provisioning-worker doctor"


def test_a_strangers_priority_is_reported() -> None:
    consumers = (replace(OURS, active=False), replace(STRANGER, priority=10))

    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, consumers=consumers, consumer_count=2)))

    assert "priority of 10 takes the queue away from the worker" in finding.text


def test_whoever_listens_to_unrouted_events_may() -> None:
    assert found(with_queue(healthy_broker(), Duty.UNROUTED, consumers=(STRANGER,))) == []


def test_a_smaller_prefetch_than_a_running_workers_breaks_the_order_when_it_gives_back() -> None:
    finding = the_one(found(settings=replace(DEFAULTS, prefetch=50)))

    assert (finding.rule, finding.danger) == (Rule.PREFETCH_KEPT, Danger.ORDER)
    assert finding.mend == "export PROVISIONING_AMQP__PREFETCH=500"


def test_a_larger_prefetch_than_a_running_workers_is_harmless() -> None:
    assert found(settings=replace(DEFAULTS, prefetch=1000)) == []


def test_commands_that_wait_while_nobody_consumes_are_reported() -> None:
    broker = with_queue(healthy_broker(), Duty.COMMANDS, ready=7, consumer_count=0, consumers=())

    finding = the_one(found(broker))

    assert (finding.rule, finding.mend) == (Rule.SOMEBODY_CONSUMES, "provisioning-worker run")
    assert "7 commands" in finding.text


def timeout(hold_seconds: float, milliseconds: int | None = None) -> list[tuple[Rule, Severity, str]]:
    broker = healthy_broker() if milliseconds is None else with_policy({"consumer-timeout": milliseconds})
    findings = found(broker, replace(DEFAULTS, hold_seconds=hold_seconds))
    return [(each.rule, each.severity, each.mend) for each in findings]


def test_a_timeout_nobody_can_read_is_no_finding_while_its_default_is_long_enough() -> None:
    assert timeout(1680) == []


def test_a_timeout_nobody_can_read_is_unknown_when_its_default_would_be_too_short() -> None:
    ask = "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'"

    assert timeout(1681) == [(Rule.CONSUMER_TIMEOUT, Severity.UNKNOWN, ask)]


@pytest.mark.parametrize(("milliseconds", "hold"), [(600_000, 480), (60_000, 1)])
def test_a_timeout_by_policy_that_is_too_short_bounds_the_hold(milliseconds: int, hold: int) -> None:
    mend = f"export PROVISIONING_AMQP__HOLD_SECONDS={hold}"

    assert timeout(600, milliseconds) == [(Rule.CONSUMER_TIMEOUT, Severity.RISK, mend)]


def test_a_timeout_by_policy_that_is_long_enough_is_no_finding() -> None:
    assert timeout(3480, 3_600_000) == []
