"""`topology apply --replace EXCHANGE` on a real broker: it deletes that exchange if it differs, and nothing else."""

import signal
import uuid
from collections.abc import Iterator

import pytest
import typer
from pika.exceptions import ChannelClosedByBroker

from sandbox.servers.finding import OwnBroker
from tests.support.broker_tools import Desk
from worker.broker.address import BrokerAddress
from worker.broker.topology.inspection import inspect_topology
from worker.broker.topology.removal import remove_exchange
from worker.broker.topology.survey import Condition, Mode
from worker.cli.commands import topology as command
from worker.cli.terminal.ending import Code, ended
from worker.cli.terminal.signals import Ended
from worker.exits import Exit

PREFIX = "PROVISIONING_AMQP__PREFIX"
URL = "PROVISIONING_AMQP__URL"
MARK = "mark"


@pytest.fixture
def marked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Each exchange has a binding more than the worker made: it goes with the exchange, and no other way."""
    monkeypatch.setenv(URL, desk.url)
    monkeypatch.setenv(PREFIX, desk.topology.prefix)
    desk.channel.queue_declare(f"{desk.topology.prefix}.{MARK}", durable=True)
    for exchange in desk.topology.exchanges:
        mark(desk, exchange.name)
    yield desk
    desk.reconnect()
    desk.channel.queue_delete(f"{desk.topology.prefix}.{MARK}")


def mark(desk: Desk, exchange: str) -> None:
    desk.channel.queue_bind(f"{desk.topology.prefix}.{MARK}", exchange, MARK, {MARK: "1"})


def spoil_exchange(desk: Desk, name: str) -> None:
    desk.channel.exchange_delete(name)
    desk.channel.exchange_declare(name, "headers", durable=True)
    mark(desk, name)


def spoil_queue(desk: Desk, name: str) -> None:
    desk.channel.queue_delete(name)
    desk.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "classic"})


def is_marked(broker: OwnBroker, desk: Desk, exchange: str) -> bool:
    bindings = broker.ctl("-q", "list_bindings", "source_name", "routing_key").splitlines()
    return f"{exchange}\t{MARK}" in [line.strip() for line in bindings] and bool(desk.url)


def replace(name: str) -> Code:
    return ended(lambda: command.apply(replace=name))


def differs(desk: Desk) -> set[str]:
    report = inspect_topology(BrokerAddress(desk.url), desk.topology, Mode.CHECK)
    return {str(found.item) for found in report.findings if found.condition is Condition.DIFFERS}


def test_an_exchange_that_differs_is_deleted_and_declared(broker: OwnBroker, marked: Desk) -> None:
    name = marked.topology.events
    spoil_exchange(marked, name)
    assert differs(marked)

    assert replace(name) == Exit.DONE

    assert not differs(marked)
    assert not is_marked(broker, marked, name)


def test_an_exchange_that_is_as_it_must_be_is_left_alone(broker: OwnBroker, marked: Desk) -> None:
    assert replace(marked.topology.events) == Exit.DONE

    assert is_marked(broker, marked, marked.topology.events)


@pytest.mark.parametrize("which", ["dead_letters", "unrouted"])
def test_an_exchange_is_left_alone_when_only_the_queue_of_its_name_differs(
    broker: OwnBroker, marked: Desk, which: str
) -> None:
    name = getattr(marked.topology, which)
    spoil_queue(marked, name)
    assert differs(marked) == {f"queue {name}"}

    assert replace(name) == Exit.FAILED

    assert is_marked(broker, marked, name)


def test_a_name_that_is_none_of_ours_is_refused_with_those_that_are(marked: Desk) -> None:
    queue = marked.topology.command_queues[0]
    for name in ("amq.topic", queue):
        with pytest.raises(
            typer.BadParameter, match=f"is no exchange of this prefix; those are .*{marked.topology.events}"
        ) as refused:
            command.apply(replace=name)
        assert refused.value.exit_code == Exit.USAGE


def test_a_right_that_is_missing_is_told_in_the_brokers_words(
    broker: OwnBroker, marked: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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

    told = " ".join(capsys.readouterr().err.split())
    assert code == Exit.UNREACHABLE
    assert f"the exchange {name} could not be deleted at amqp://" in told
    assert "refused" in told.lower()
    assert "secret" not in told
    assert is_marked(broker, marked, name)


def test_a_signal_after_the_deletion_does_not_say_that_nothing_was_changed(
    marked: Desk, monkeypatch: pytest.MonkeyPatch
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
