"""The broker as a whole: reached, version, alarms, rights, and what waits for a person."""

from dataclasses import replace

import pytest

from tests.support.doctoring import DEFAULTS
from tests.unit.doctor.planted import found, healthy_broker, the_one, with_queue
from worker.doctor import Danger, Rule, Severity
from worker.doctor.facts import BrokerFacts, Duty, Management, RightFacts


def test_a_broker_that_is_away_is_the_only_thing_reported_of_it() -> None:
    finding = the_one(found(replace(healthy_broker(), fault="nothing listens", queues=())))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.BROKER_REACHED, Severity.BROKEN, Danger.STOP)


def test_a_management_api_that_does_not_report_is_unknown_and_never_well() -> None:
    management = Management("http://broker:15672", "watcher", "it refuses the login")

    finding = the_one(found(replace(healthy_broker(), management=management)))

    assert (finding.rule, finding.severity) == (Rule.MANAGEMENT_READ, Severity.UNKNOWN)
    assert finding.mend == "rabbitmqctl set_user_tags watcher monitoring"


@pytest.mark.parametrize("version", ["3.10.8", "3.13.7", "4.0.5", "5.0.0-rc.1"])
def test_a_version_that_keeps_the_promise_is_no_finding(version: str) -> None:
    assert found(replace(healthy_broker(), version=version)) == []


@pytest.mark.parametrize("version", ["3.9.29", "3.8.0", "2.1"])
def test_a_broker_older_than_3_10_cannot_keep_the_promise(version: str) -> None:
    finding = the_one(found(replace(healthy_broker(), version=version)))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.BROKER_VERSION, Severity.BROKEN, Danger.LOSS)


@pytest.mark.parametrize("version", [None, "unknown"])
def test_a_version_that_cannot_be_read_is_unknown(version: str | None) -> None:
    assert the_one(found(replace(healthy_broker(), version=version))).severity is Severity.UNKNOWN


def test_an_alarm_stops_the_intake() -> None:
    finding = the_one(found(replace(healthy_broker(), alarms=("memory on rabbit@a",))))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.BROKER_ALARM, Severity.BROKEN, Danger.STOP)


def with_rights(granted: bool | None) -> BrokerFacts:
    return replace(healthy_broker(), rights=(RightFacts("write", "p.events", granted),))


def test_a_right_that_lacks_is_granted_by_the_narrowest_line() -> None:
    finding = the_one(found(with_rights(False), replace(DEFAULTS, declare=False)))

    assert (finding.rule, finding.severity) == (Rule.RIGHTS_SUFFICE, Severity.BROKEN)
    assert finding.mend == (
        r"rabbitmqctl set_permissions -p / worker '^$' '^p\.(events|dead-letters)$' '^p\.commands\.[0-9]+$'"
    )


def test_a_right_that_could_not_be_asked_for_is_unknown() -> None:
    assert the_one(found(with_rights(None))).severity is Severity.UNKNOWN


def test_a_worker_set_to_declare_that_may_not_is_advised_to_look_only() -> None:
    finding = the_one(found(replace(healthy_broker(), may_configure=False)))

    assert (finding.rule, finding.mend) == (Rule.RIGHTS_SUFFICE, "export PROVISIONING_AMQP__DECLARE=false")


def test_dead_letters_that_wait_are_counted() -> None:
    finding = the_one(found(with_queue(healthy_broker(), Duty.DEAD_LETTERS, ready=3)))

    assert (finding.rule, finding.severity) == (Rule.DEAD_LETTERS_WAITING, Severity.RISK)
    assert finding.text.startswith("3 dead letters wait in p.dead-letters")
    assert "without provisioning-reason was thrown out by the broker" in finding.text
    assert finding.mend == "rabbitmq-queues peek -p / p.dead-letters 1"


def test_dead_letters_stuck_inside_the_broker_are_counted() -> None:
    finding = the_one(found(with_queue(healthy_broker(), Duty.COMMANDS, stuck=2)))

    assert (finding.rule, finding.danger) == (Rule.DEAD_LETTERS_STUCK, Danger.LOSS)


@pytest.mark.parametrize(("waiting", "bound"), [(4, 1), (4, None), (0, 0)])
def test_events_that_nobody_receives_are_reported(waiting: int, bound: int | None) -> None:
    broker = replace(with_queue(healthy_broker(), Duty.UNROUTED, ready=waiting), event_bindings=bound)

    finding = the_one(found(broker))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.EVENTS_HEARD, Severity.RISK, Danger.LOSS)
    assert ("4 events" in finding.text) is bool(waiting)
    assert finding.mend.startswith("rabbitmqadmin ")
    assert "(the line needs the rabbitmqadmin that the management plugin serves, and Python)" in finding.text
