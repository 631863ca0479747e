"""Looking at and declaring the topology on a real broker."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.broker_tools import AckingIntake, BrokerClient, RecordingIntake, event, running
from tests.support.certificates import Authority
from tests.support.tls_front import TlsFront
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Binding, Topology
from worker.broker.topology.survey import Condition, Mode, Survey
from worker.domain.telemetry import discard_event
from worker.errors import BrokerUnreachable, TopologyMismatch


def conditions(report: Survey) -> set[Condition]:
    """What was found out about exchanges and queues."""
    return {found.condition for found in report.findings if not isinstance(found.item, Binding)}


@pytest.fixture
def bare(broker: OwnBroker) -> Iterator[BrokerClient]:
    """A prefix of which nothing exists yet."""
    broker_client = BrokerClient(broker.url, Topology(f"test-{uuid.uuid4().hex[:12]}"))
    broker_client.reconnect()
    yield broker_client
    broker_client.clear()


def look(broker_client: BrokerClient, mode: Mode) -> Survey:
    return inspect_topology(BrokerAddress(broker_client.url), broker_client.topology, mode)


def test_it_is_missing_then_declared_then_present(bare: BrokerClient) -> None:
    assert conditions(look(bare, Mode.CHECK)) == {Condition.MISSING}
    assert conditions(look(bare, Mode.LOOK)) == {Condition.MISSING}
    assert conditions(look(bare, Mode.APPLY)) == {Condition.DECLARED}
    assert conditions(look(bare, Mode.APPLY)) == {Condition.PRESENT}
    assert conditions(look(bare, Mode.CHECK)) == {Condition.PRESENT}


def test_a_command_reaches_its_queue_and_an_unbound_event_is_kept(broker_client: BrokerClient) -> None:
    broker_client.command(b"{}")
    broker_client.channel.basic_publish(broker_client.topology.events, "CustomerCreated.nobody", b"{}", mandatory=True)

    assert broker_client.ready(broker_client.topology.command_queues[0]) == 1
    assert broker_client.ready(broker_client.topology.unrouted) == 1


def test_a_queue_with_other_arguments_is_named_with_the_argument(bare: BrokerClient) -> None:
    name = bare.topology.command_queues[0]
    bare.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "classic"})

    report = look(bare, Mode.APPLY)

    with pytest.raises(TopologyMismatch, match=rf"queue {name}: its argument x-"):
        report.require_sound()
    assert len(report.faults) == 1


def test_a_login_without_rights_can_look_and_learns_what_it_could_not_compare(
    broker: OwnBroker, broker_client: BrokerClient
) -> None:
    user = f"reader-{uuid.uuid4().hex[:8]}"
    broker.ctl("add_user", user, "secret")
    try:
        broker.ctl("set_permissions", user, "^$", "^$", "^$")
        poorer = replace(broker_client, url=broker_client.url.replace("guest:guest", f"{user}:secret"))

        assert not look(poorer, Mode.LOOK).faults
        assert conditions(look(poorer, Mode.APPLY)) == {Condition.UNCHECKED}
    finally:
        broker.ctl("delete_user", user)


def test_a_broker_that_is_not_there_is_named_without_the_password() -> None:
    address = BrokerAddress("amqp://ada:geheim@127.0.0.1:1/orders")

    with pytest.raises(BrokerUnreachable) as raised:
        inspect_topology(address, Topology("p"), Mode.CHECK)

    assert "amqp://127.0.0.1:1/orders" in str(raised.value)
    assert "nothing listens" in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_virtual_host_that_is_not_there_is_reported(broker_client: BrokerClient) -> None:
    with pytest.raises(BrokerUnreachable, match="virtual host"):
        inspect_topology(BrokerAddress(f"{broker_client.url}absent"), broker_client.topology, Mode.LOOK)


def test_over_tls_commands_arrive_and_events_are_confirmed(broker_client: BrokerClient, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.issue()
    intake = AckingIntake()
    with TlsFront(urlsplit(broker_client.url).port or 0, identity.certificate, identity.key) as front:
        secure = broker_client.at(
            BrokerAddress(f"amqps://guest:guest@127.0.0.1:{front.port}/", tls_ca=str(authority.path))
        )
        consumer, publisher = secure.consumer(intake, discard_event), secure.publisher(discard_event)
        intake.settlement = consumer
        with running(consumer), running(publisher):
            broker_client.commands(300)
            intake.await_count(300)
            publisher.publish(event(body=b"x" * 300_000))

    assert broker_client.ready(broker_client.topology.command_queues[0]) == 0
    assert [len(body) for *_, body in broker_client.take_all(broker_client.topology.unrouted)] == [300_000]


def test_a_certificate_of_somebody_else_is_refused(broker: OwnBroker, tmp_path: Path) -> None:
    identity = Authority(tmp_path).issue()
    with TlsFront(urlsplit(broker.url).port or 0, identity.certificate, identity.key) as front:
        address = BrokerAddress(f"amqps://guest:guest@127.0.0.1:{front.port}/")
        with pytest.raises(BrokerUnreachable, match="TLS failed"):
            inspect_topology(address, Topology("p"), Mode.LOOK)


def test_both_connections_come_back_when_the_broker_is_restarted(
    broker: OwnBroker, broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    """Everything waiting is durable, everything held comes again, and publishing goes on."""
    broker_client.commands(10)
    with (
        running(broker_client.consumer(intake, discard_event)),
        running(broker_client.publisher(discard_event)) as publisher,
    ):
        intake.await_count(10)
        publisher.publish(event("before"))
        broker_client.disconnect()
        broker.restart()
        publisher.publish(event("after"))
        again = intake.await_count(20)[10:]

    assert [it.body.decode() for it in again] == [str(number) for number in range(10)]
    broker_client.reconnect()
    assert broker_client.ready(broker_client.topology.unrouted) == 2
