"""Faults planted in a real broker are found, and the line that mends mends them."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pika
import pytest

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.broker_faults import COMMANDS, DEAD_LETTERS, FAULTS, FORMS, UNROUTED, Channel, Fault, remade
from tests.support.broker_tools import BrokerClient, RecordingIntake, persistent, running
from tests.support.doctoring import DEFAULTS, DiagnosedBroker, ask_management, write_tools
from tests.support.waiting import wait_for
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.doctor import Danger, Finding, Rule, Severity, diagnose
from worker.doctor.facts import Facts, SettingsFacts
from worker.domain.telemetry import discard_event


@pytest.fixture
def diagnosed(managed_broker: PrivateRabbitmq, tmp_path: Path) -> Iterator[DiagnosedBroker]:
    """A healthy topology under a fresh prefix; policies that a test set go with it."""
    topology = Topology(f"test-{uuid.uuid4().hex[:8]}")
    inspect_topology(BrokerAddress(managed_broker.url), topology, Mode.APPLY).require_sound()
    write_tools(managed_broker, tmp_path)
    yield DiagnosedBroker(managed_broker, topology, tmp_path)
    BrokerClient(managed_broker.url, topology).clear()
    for kind in ("policies", "operator-policies"):
        for each in ask_management(managed_broker, "GET", kind):
            ask_management(managed_broker, "DELETE", f"{kind}/%2F/{each['name']}")


@pytest.fixture
def channel(diagnosed: DiagnosedBroker) -> Iterator[Channel]:
    connection = pika.BlockingConnection(pika.URLParameters(diagnosed.url))
    yield connection.channel()
    with suppress(pika.exceptions.AMQPError):
        connection.close()


def the_one(diagnosed: DiagnosedBroker, settings: SettingsFacts | None = None) -> Finding:
    findings = diagnosed.findings(settings)
    assert len(findings) == 1, [finding.text for finding in findings]
    return findings[0]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found_with_the_line_that_mends_it(
    diagnosed: DiagnosedBroker, channel: Channel, fault: Fault
) -> None:
    assert diagnosed.findings() == []
    fault.plant(diagnosed, channel)

    finding = the_one(diagnosed)

    assert (finding.rule, finding.danger, finding.severity) == (fault.rule, fault.danger, Severity.BROKEN)
    assert finding.mend == fault.line(diagnosed.topology)


@pytest.mark.parametrize("name", FORMS)
def test_each_form_of_line_mends(diagnosed: DiagnosedBroker, channel: Channel, name: str) -> None:
    FAULTS[name].plant(diagnosed, channel)

    # Its queue is empty, and has been since it was made: the count that the line waits for would be the same.
    typed = diagnosed.types(the_one(diagnosed).mend.removeprefix("sleep 10; "))

    assert typed.returncode == 0, typed.stderr
    assert diagnosed.findings() == []


def test_the_line_never_deletes_a_queue_that_holds_something(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    remade(COMMANDS, overflow="drop-head")(diagnosed, channel)
    channel.confirm_delivery()
    channel.basic_publish(diagnosed.topology.commands, "any", b"{}", persistent(), mandatory=True)
    # Delivered and not acknowledged: what a passive declaration no longer counts.
    channel.basic_consume(diagnosed.topology.command_queues[0], lambda *_: None)
    channel.connection.process_data_events(0.1)

    finding = next(each for each in diagnosed.findings() if each.rule is Rule.QUEUE_ARGUMENTS)

    assert diagnosed.types(finding.mend).returncode != 0
    assert Rule.QUEUE_ARGUMENTS in {each.rule for each in diagnosed.findings()}


def test_a_stranger_on_the_command_queue_is_found_and_disconnected(
    diagnosed: DiagnosedBroker, channel: Channel
) -> None:
    queue, priority = diagnosed.topology.command_queues[0], {"x-priority": 7}
    channel.basic_consume(queue, lambda *_: None, consumer_tag="stranger", arguments=priority)

    def stranger() -> Finding | None:
        # The broker knows the consumer some seconds before it knows its connection.
        return next((each for each in diagnosed.findings() if each.mend != "provisioning-worker doctor"), None)

    finding = wait_for(stranger, "the consumer and its connection in the broker's books")

    assert (finding.rule, finding.danger) == (Rule.OWN_CONSUMERS, Danger.LOSS)
    assert "'stranger'" in finding.text
    assert "priority of 7" in finding.text
    assert diagnosed.types(finding.mend).returncode == 0
    wait_for(lambda: not diagnosed.findings(), "the end of the stranger")


def test_a_prefetch_below_a_running_workers_is_found(diagnosed: DiagnosedBroker) -> None:
    broker_client = BrokerClient(diagnosed.url, diagnosed.topology)
    intake = RecordingIntake()
    with running(broker_client.consumer(intake, discard_event, prefetch=50)):
        intake.await_recorded("1:consuming")
        finding = wait_for(lambda: next(iter(diagnosed.findings(replace(DEFAULTS, prefetch=10))), None), "the consumer")
        assert diagnosed.findings(replace(DEFAULTS, prefetch=50)) == []

    assert (finding.rule, finding.danger) == (Rule.PREFETCH_KEPT, Danger.ORDER)
    assert finding.mend == "export PROVISIONING_AMQP__PREFETCH=50"


def test_commands_dead_letters_and_events_that_wait_are_counted(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    topology = diagnosed.topology
    channel.confirm_delivery()
    for exchange, count in ((topology.commands, 1), (topology.dead_letters, 2), (topology.events, 3)):
        for _ in range(count):
            channel.basic_publish(exchange, "any", b"{}", persistent(), mandatory=True)

    texts = {each.rule: each.text for each in diagnosed.findings()}

    assert texts[Rule.SOMEBODY_CONSUMES].startswith("1 commands wait")
    assert texts[Rule.DEAD_LETTERS_WAITING].startswith("2 dead letters wait")
    assert diagnosed.facts(None).queues[UNROUTED].ready == 3


def test_dead_letters_that_the_broker_cannot_hand_over_are_found(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    queue = diagnosed.topology.command_queues[0]
    channel.exchange_delete(diagnosed.topology.dead_letters)
    channel.confirm_delivery()
    channel.basic_publish(diagnosed.topology.commands, "any", b"{}", persistent(), mandatory=True)
    for method, _, _ in channel.consume(queue, inactivity_timeout=60):
        channel.basic_reject(method.delivery_tag, requeue=False)
        break
    channel.cancel()

    stuck = wait_for(
        lambda: next((each for each in diagnosed.findings() if each.rule is Rule.DEAD_LETTERS_STUCK), None),
        "the broker's next count",
    )

    assert stuck.text.startswith("1 dead letters have left")
    assert diagnosed.types(stuck.mend).returncode == 0
    wait_for(lambda: diagnosed.facts(None).queues[DEAD_LETTERS].ready, "the dead letter in its queue")


def test_who_hears_the_events_is_seen_and_the_line_binds_a_queue(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    assert diagnosed.facts().event_bindings == 0
    mine = f"{diagnosed.topology.prefix}.mine"
    channel.queue_declare(mine)
    risk = next(
        each for each in diagnose(Facts(DEFAULTS, diagnosed.facts())).findings if each.rule is Rule.EVENTS_HEARD
    )

    typed = diagnosed.types(risk.mend.replace("YOUR-QUEUE", mine))

    assert typed.returncode == 0, typed.stderr
    assert diagnosed.facts().event_bindings == 1
    channel.queue_delete(mine)


def test_an_alarm_is_found_while_it_lasts(diagnosed: DiagnosedBroker) -> None:
    try:
        diagnosed.broker.ctl("set_vm_memory_high_watermark", "0.0001")
        finding = wait_for(lambda: next(iter(diagnosed.findings()), None), "the alarm")
    finally:
        diagnosed.broker.ctl("set_vm_memory_high_watermark", "0.4")

    assert (finding.rule, finding.danger) == (Rule.BROKER_ALARM, Danger.STOP)
    assert "memory" in finding.text
    wait_for(lambda: not diagnosed.findings(), "the end of the alarm")


def test_the_brokers_own_timeout_is_reported_by_the_line(diagnosed: DiagnosedBroker) -> None:
    finding = the_one(diagnosed, replace(DEFAULTS, hold_seconds=1750))

    assert (finding.rule, finding.severity) == (Rule.CONSUMER_TIMEOUT, Severity.UNKNOWN)
    assert diagnosed.types(finding.mend).stdout == "{ok,1800000}\n"


def test_looking_changes_nothing(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    channel.confirm_delivery()
    channel.basic_publish(diagnosed.topology.commands, "any", b"{}", persistent(), mandatory=True)
    channel.basic_publish(diagnosed.topology.dead_letters, "any", b"{}", persistent(), mandatory=True)
    before, again = diagnosed.facts(), diagnosed.facts()

    assert replace(again, queues=()) == replace(before, queues=())
    assert [each.ready for each in again.queues] == [each.ready for each in before.queues] == [0, 1, 1]
    for queue in (diagnosed.topology.command_queues[0], diagnosed.topology.dead_letters):
        method, properties, _ = next(channel.consume(queue, inactivity_timeout=60))
        channel.cancel()
        assert (method.redelivered, (properties.headers or {}).get("x-delivery-count", 0)) == (False, 0)
