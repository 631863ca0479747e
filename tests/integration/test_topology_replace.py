"""`topology apply --replace EXCHANGE` on a real broker: it deletes that exchange if it differs, and nothing else."""

import signal
import uuid
from collections.abc import Iterator

import pytest
import typer
from pika.exceptions import ChannelClosedByBroker

from sandbox.servers.finding import OwnBroker
from tests.support.broker_tools import BrokerClient
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology, remove_exchange
from worker.broker.topology.survey import Condition, Mode
from worker.cli.commands import topology as command
from worker.cli.terminal.ending import Code, ended
from worker.cli.terminal.signals import Ended
from worker.exits import Exit

PREFIX = "PROVISIONING_AMQP__PREFIX"
URL = "PROVISIONING_AMQP__URL"
MARK = "mark"


@pytest.fixture
def marked(broker_client: BrokerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokerClient]:
    """Each exchange has a binding more than the worker made: it goes with the exchange, and no other way."""
    monkeypatch.setenv(URL, broker_client.url)
    monkeypatch.setenv(PREFIX, broker_client.topology.prefix)
    broker_client.channel.queue_declare(f"{broker_client.topology.prefix}.{MARK}", durable=True)
    for exchange in broker_client.topology.exchanges:
        mark(broker_client, exchange.name)
    yield broker_client
    broker_client.reconnect()
    broker_client.channel.queue_delete(f"{broker_client.topology.prefix}.{MARK}")


def mark(broker_client: BrokerClient, exchange: str) -> None:
    broker_client.channel.queue_bind(f"{broker_client.topology.prefix}.{MARK}", exchange, MARK, {MARK: "1"})


def spoil_exchange(broker_client: BrokerClient, name: str) -> None:
    broker_client.channel.exchange_delete(name)
    broker_client.channel.exchange_declare(name, "headers", durable=True)
    mark(broker_client, name)


def spoil_queue(broker_client: BrokerClient, name: str) -> None:
    broker_client.channel.queue_delete(name)
    broker_client.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "classic"})


def is_marked(broker: OwnBroker, broker_client: BrokerClient, exchange: str) -> bool:
    bindings = broker.ctl("-q", "list_bindings", "source_name", "routing_key").splitlines()
    return f"{exchange}\t{MARK}" in [line.strip() for line in bindings] and bool(broker_client.url)


def replace(name: str) -> Code:
    return ended(lambda: command.apply(replace=name))


def differs(broker_client: BrokerClient) -> set[str]:
    report = inspect_topology(BrokerAddress(broker_client.url), broker_client.topology, Mode.CHECK)
    return {str(found.item) for found in report.findings if found.condition is Condition.DIFFERS}


def test_an_exchange_that_differs_is_deleted_and_declared(broker: OwnBroker, marked: BrokerClient) -> None:
    name = marked.topology.events
    spoil_exchange(marked, name)
    assert differs(marked)

    assert replace(name) == Exit.DONE

    assert not differs(marked)
    assert not is_marked(broker, marked, name)


def test_an_exchange_that_is_as_it_must_be_is_left_alone(broker: OwnBroker, marked: BrokerClient) -> None:
    assert replace(marked.topology.events) == Exit.DONE

    assert is_marked(broker, marked, marked.topology.events)


@pytest.mark.parametrize("which", ["dead_letters", "unrouted"])
def test_an_exchange_is_left_alone_when_only_the_queue_of_its_name_differs(
    broker: OwnBroker, marked: BrokerClient, which: str
) -> None:
    name = getattr(marked.topology, which)
    spoil_queue(marked, name)
    assert differs(marked) == {f"queue {name}"}

    assert replace(name) == Exit.FAILED

    assert is_marked(broker, marked, name)


def test_a_name_that_is_none_of_ours_is_refused_with_those_that_are(marked: BrokerClient) -> None:
    queue = marked.topology.command_queues[0]
    for name in ("amq.topic", queue):
        with pytest.raises(
            typer.BadParameter, match=f"is no exchange of this prefix; those are .*{marked.topology.events}"
        ) as refused:
            command.apply(replace=name)
        assert refused.value.exit_code == Exit.USAGE


def test_a_right_that_is_missing_is_reported_in_the_brokers_words(
    broker: OwnBroker, marked: BrokerClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, user = marked.topology.events, f"reader-{uuid.uuid4().hex[:8]}"
    spoil_exchange(marked, name)
    monkeypatch.setattr(
        command,
        "inspect_topology",
        lambda _, topology, mode: inspect_topology(BrokerAddress(marked.url), topology, mode),
    )
    broker.ctl("add_user", user, "secret")
    try:
        broker.ctl("set_permissions", user, "^$", ".*", ".*")
        monkeypatch.setenv(URL, marked.url.replace("guest:guest", f"{user}:secret"))
        code = replace(name)
    finally:
        broker.ctl("delete_user", user)

    output = " ".join(capsys.readouterr().err.split())
    assert code == Exit.UNREACHABLE
    assert f"the exchange {name} could not be deleted at amqp://" in output
    assert "refused" in output.lower()
    assert "secret" not in output
    assert is_marked(broker, marked, name)


def test_a_signal_after_the_deletion_does_not_say_that_nothing_was_changed(
    marked: BrokerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = marked.topology.events
    spoil_exchange(marked, name)
    delete = remove_exchange

    def deleted_and_ended(address: BrokerAddress, exchange: str) -> None:
        delete(address, exchange)
        raise Ended(signal.SIGTERM)

    monkeypatch.setattr(command, "remove_exchange", deleted_and_ended)
    with pytest.raises(Ended) as caught:
        command.apply(replace=name)

    assert str(caught.value) == f"ended by SIGTERM; the exchange {name} may be deleted: type it again"
    with pytest.raises(ChannelClosedByBroker):
        marked.channel.exchange_declare(name, passive=True)
