"""The broker rights that the page on security gives: each role can do its work, and nothing else."""

import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pika.exceptions import ChannelClosedByBroker

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.broker_tools import BrokerClient, RecordingIntake, event, persistent, plain_connection, running
from tests.support.commands import create
from tests.support.doctoring import DEFAULTS, DiagnosedBroker, write_tools
from tests.support.installation import open_installation
from worker.broker.address import BrokerAddress
from worker.broker.consume.listener import ExchangeListener
from worker.broker.publish.publisher import Publisher
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Binding, Topology
from worker.broker.topology.survey import Condition, Mode
from worker.doctor import Rule, Severity
from worker.domain.telemetry import discard_event

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
LINES = re.findall(r"^rabbitmqctl .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
#: A channel of pika's, which is untyped.
Channel = Any
Act = Callable[[Channel, Topology], object]


@pytest.fixture(scope="module")
def diagnosed(managed_broker: PrivateRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiagnosedBroker]:
    """A topology, and the page's logins for it. Whoever changes them changes them back."""
    tools = tmp_path_factory.mktemp("tools")
    topology = Topology(f"test.{uuid.uuid4().hex[:8]}")
    inspect_topology(BrokerAddress(managed_broker.url), topology, Mode.APPLY).require_sound()
    write_tools(managed_broker, tools)
    give_rights(topology.prefix, tools, LINES)
    yield DiagnosedBroker(managed_broker, topology, tools)
    BrokerClient(managed_broker.url, topology).clear()


@pytest.fixture(autouse=True)
def emptied(diagnosed: DiagnosedBroker) -> Iterator[None]:
    """Leave nothing in the queues for the next test to find."""
    yield
    with plain_connection(diagnosed.broker.url) as connection:
        channel = connection.channel()
        for queue in diagnosed.topology.queues:
            channel.queue_purge(queue.name)


def give_rights(prefix: str, tools: Path, lines: list[str]) -> None:
    """Type lines of the page, for another virtual host and another prefix, as the page says."""
    for line in lines:
        typed = line.replace("VHOST", "/").replace(r"provisioning\.", f"{prefix}.".replace(".", r"\."))
        typed = typed.replace("provisioning.", f"{prefix}.")
        done = subprocess.run(  # noqa: S603 - the page's own lines
            ["/bin/sh", "-c", typed],
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            input="secret\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"


def as_user(diagnosed: DiagnosedBroker, user: str) -> BrokerClient:
    return BrokerClient(diagnosed.broker.url.replace("guest:guest", f"{user}:secret"), diagnosed.topology)


def does(diagnosed: DiagnosedBroker, user: str, act: Act) -> object:
    """Let a login do something on a channel of its own, with confirms."""
    with plain_connection(as_user(diagnosed, user).url) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        return act(channel, diagnosed.topology)


def is_refused(diagnosed: DiagnosedBroker, user: str, act: Act) -> bool:
    try:
        does(diagnosed, user, act)
    except ChannelClosedByBroker as refusal:
        return bool(refusal.reply_code == 403)
    return False


def publish(exchange: str, key: str, channel: Channel, topology: Topology) -> None:
    name = exchange.format(p=topology.prefix)
    channel.basic_publish(name, key.format(p=topology.prefix), b"{}", persistent(), mandatory=True)


def consume(queue: str, channel: Channel, topology: Topology) -> None:
    channel.basic_consume(queue.format(p=topology.prefix), lambda *_: None)


def purge(queue: str, channel: Channel, topology: Topology) -> None:
    channel.queue_purge(queue.format(p=topology.prefix))


def delete(queue: str, channel: Channel, topology: Topology) -> None:
    channel.queue_delete(queue.format(p=topology.prefix))


def declare(queue: str, channel: Channel, topology: Topology) -> None:
    channel.queue_declare(queue.format(p=topology.prefix), durable=True)


def receive(key: str, channel: Channel, topology: Topology) -> None:
    channel.queue_declare("billing.results", durable=True)
    channel.queue_bind("billing.results", topology.events, key)


def tap(channel: Channel, topology: Topology) -> None:
    """Bind a queue of one's own to the commands."""
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, topology.commands, "#")


COMMANDS = "{p}.commands.00"
DEAD_LETTERS = "{p}.dead-letters"

ALLOWED: list[tuple[str, str, Act]] = [
    ("billing", "publish a command", partial(publish, "{p}.commands", "CreateCustomer")),
    ("billing", "hear its events", partial(receive, "*.billing")),
    ("worker", "publish an event", partial(publish, "{p}.events", "CustomerCreated.billing")),
    ("worker", "publish a dead letter", partial(publish, DEAD_LETTERS, "invalid")),
    ("worker", "take commands", partial(consume, COMMANDS)),
    ("deployer", "publish an event", partial(publish, "{p}.events", "CustomerCreated.billing")),
    ("deployer", "take commands", partial(consume, COMMANDS)),
    ("operator", "publish a command", partial(publish, "{p}.commands", "CreateCustomer")),
]
REFUSED: list[tuple[str, str, Act]] = [
    ("billing", "publish another command", partial(publish, "{p}.commands", "DeleteCustomer")),
    ("billing", "publish an event", partial(publish, "{p}.events", "CustomerCreated.billing")),
    ("billing", "publish past the exchange", partial(publish, "", COMMANDS)),
    ("billing", "hear everybody's events", partial(receive, "#")),
    ("billing", "take commands", partial(consume, COMMANDS)),
    ("billing", "take dead letters", partial(consume, DEAD_LETTERS)),
    ("billing", "empty the commands", partial(purge, COMMANDS)),
    ("billing", "delete the commands", partial(delete, COMMANDS)),
    ("billing", "copy the commands", tap),
    ("worker", "take dead letters", partial(consume, DEAD_LETTERS)),
    ("worker", "empty the dead letters", partial(purge, DEAD_LETTERS)),
    ("worker", "publish a command", partial(publish, "{p}.commands", "CreateCustomer")),
    ("worker", "publish past the exchange", partial(publish, "", COMMANDS)),
    ("worker", "declare a queue", partial(declare, "{p}.commands.01")),
    ("worker", "delete the commands", partial(delete, COMMANDS)),
    ("worker", "copy the commands", tap),
    ("deployer", "declare elsewhere", partial(declare, "other.commands")),
    ("deployer", "declare beside", partial(declare, "{p}.commandsx")),
    ("deployer", "publish past the exchange", partial(publish, "", COMMANDS)),
    ("operator", "take commands", partial(consume, COMMANDS)),
    ("operator", "take dead letters", partial(consume, DEAD_LETTERS)),
    ("operator", "copy the commands", tap),
    ("operator", "empty the dead letters", partial(purge, DEAD_LETTERS)),
    ("dashboard", "publish a command", partial(publish, "{p}.commands", "CreateCustomer")),
    ("dashboard", "take dead letters", partial(consume, DEAD_LETTERS)),
    ("dashboard", "declare a queue", partial(declare, "dashboard")),
]


def test_each_role_may_do_its_work(diagnosed: DiagnosedBroker) -> None:
    assert [(user, what) for user, what, act in ALLOWED if is_refused(diagnosed, user, act)] == []


def test_each_role_is_refused_everything_else(diagnosed: DiagnosedBroker) -> None:
    assert [(user, what) for user, what, act in REFUSED if not is_refused(diagnosed, user, act)] == []


def test_the_worker_consumes_and_publishes_without_any_right_to_declare(diagnosed: DiagnosedBroker) -> None:
    publishes = partial(publish, "{p}.commands", "CreateCustomer")
    does(diagnosed, "operator", publishes)
    broker_client, intake, observer = as_user(diagnosed, "worker"), RecordingIntake(), discard_event
    address = BrokerAddress(broker_client.url)
    publisher = Publisher(lambda: address, diagnosed.topology, observer, Mode.LOOK, 20.0)
    with running(broker_client.consumer(intake, observer, mode=Mode.LOOK)), running(publisher):
        assert intake.await_count(1)[0].body == b"{}"
        publisher.publish(event("from-the-worker"))


def test_the_deployer_declares_everything_from_nothing(diagnosed: DiagnosedBroker) -> None:
    BrokerClient(diagnosed.broker.url, diagnosed.topology).clear()

    report = inspect_topology(BrokerAddress(as_user(diagnosed, "deployer").url), diagnosed.topology, Mode.APPLY)

    conditions = {each.condition for each in report.findings if not isinstance(each.item, Binding)}
    assert conditions == {Condition.DECLARED}


def test_an_operator_hears_the_answer_to_what_was_sent(diagnosed: DiagnosedBroker) -> None:
    operator = as_user(diagnosed, "operator").url
    with ExchangeListener(BrokerAddress(operator), diagnosed.topology.events, ["#"]) as listener:
        with plain_connection(diagnosed.broker.url) as connection:
            publish("{p}.events", "CustomerCreated.billing", connection.channel(), diagnosed.topology)
        received = next(each for each in listener.receive(20.0) if each is not None)

    assert received.routing_key == "CustomerCreated.billing"


def test_a_dashboard_sees_the_queues_and_their_arguments(diagnosed: DiagnosedBroker) -> None:
    url = str(diagnosed.broker.management_url).replace("http://", "http://dashboard:secret@")

    facts = diagnosed.facts(url)

    assert facts.management.fault == ""
    assert facts.policies == ()
    assert all(queue.arguments for queue in facts.queues)
    assert facts.alarms == ()


@pytest.mark.parametrize(("user", "declare"), [("worker", False), ("deployer", True)])
def test_the_doctor_finds_the_pages_rights_sufficient_and_narrow(
    diagnosed: DiagnosedBroker, user: str, declare: bool
) -> None:
    asked = DiagnosedBroker(diagnosed.broker, diagnosed.topology, diagnosed.tools, f"{user}:secret")

    assert asked.findings(replace(DEFAULTS, declare=declare)) == []
    assert all(right.granted for right in asked.facts().rights)
    assert asked.facts().may_configure is declare


def test_a_login_without_rights_is_found_and_given_them_by_the_line(diagnosed: DiagnosedBroker) -> None:
    diagnosed.broker.ctl("set_permissions", "-p", "/", "worker", "^$", "^$", "^$")
    asked = DiagnosedBroker(diagnosed.broker, diagnosed.topology, diagnosed.tools, "worker:secret")

    (finding,) = asked.findings(replace(DEFAULTS, declare=False))

    topology = diagnosed.topology
    assert (finding.rule, finding.severity) == (Rule.RIGHTS_SUFFICE, Severity.BROKEN)
    for lacking in (topology.command_queues[0], topology.events, topology.dead_letters):
        assert f"on {lacking}" in finding.text
    assert diagnosed.types(finding.mend).returncode == 0
    assert asked.findings(replace(DEFAULTS, declare=False)) == []


def test_without_the_management_api_a_login_that_only_looks_cannot_compare(diagnosed: DiagnosedBroker) -> None:
    asked = DiagnosedBroker(diagnosed.broker, diagnosed.topology, diagnosed.tools, "worker:secret")

    unknown = {each.rule for each in asked.findings(replace(DEFAULTS, declare=False), None)}

    assert {Rule.QUEUE_ARGUMENTS, Rule.EXCHANGE_KIND, Rule.POLICY_HARMLESS, Rule.BINDING_PRESENT} <= unknown


@pytest.mark.parametrize("login", ["worker:secret", "dashboard:wrong"])
def test_a_login_that_the_management_api_refuses_is_unknown_and_never_well(
    diagnosed: DiagnosedBroker, login: str
) -> None:
    user, _, password = login.partition(":")
    url = str(diagnosed.broker.management_url).replace("http://", f"http://{login}@")

    findings = diagnosed.findings(management_url=url)

    assert {each.severity for each in findings} == {Severity.UNKNOWN}
    finding = next(each for each in findings if each.rule is Rule.MANAGEMENT_READ)
    assert finding.mend == f"rabbitmqctl set_user_tags {user} monitoring"
    assert password not in str(findings)


def test_the_real_worker_runs_with_the_pages_rights(diagnosed: DiagnosedBroker, tmp_path: Path) -> None:
    of_worker = [line for line in LINES if line.startswith("rabbitmqctl set_permissions -p VHOST worker ")]
    with open_installation(diagnosed.broker.url, tmp_path) as installation:
        give_rights(installation.topology.prefix, diagnosed.tools, of_worker)
        url = as_user(diagnosed, "worker").url
        with installation.worker(AMQP__URL=url, AMQP__DECLARE="false") as worker:
            command = create("new@example.com")
            installation.emitter.publish(command)
            installation.listener.await_events([command])
            assert worker.terminate() == 0
    give_rights(diagnosed.topology.prefix, diagnosed.tools, of_worker)
