"""The private RabbitMQ: it serves, survives its own death with its data, and leaves nothing behind."""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sandbox.servers.errors import ServerUnavailable, SourceUnusable
from sandbox.servers.finding import BROKER_ADVICE, OwnBroker, find_broker, first_usable, own_broker
from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.servers import processes_naming, python_process, wait_until_crash_safe
from tests.support.waiting import wait_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pika
    from pika.adapters.blocking_connection import BlockingChannel

_OWNER = """
import os, signal
from sandbox.servers.finding import own_broker
broker = own_broker()
broker.start()
print(broker.folder, flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[OwnBroker]:
    with own_broker() as broker:
        yield broker


@contextmanager
def confirming_channel(broker: OwnBroker) -> Iterator[BlockingChannel]:
    with closing(pika.BlockingConnection(pika.URLParameters(broker.url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def declare_and_publish(broker: OwnBroker, queue: str, body: bytes) -> None:
    with confirming_channel(broker) as channel:
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        persistent = pika.BasicProperties(delivery_mode=2)  # type: ignore[no-untyped-call]  # pika 1.4 ships no types
        # Raises when the broker refuses or cannot route; silence is its confirm.
        channel.basic_publish("", queue, body, persistent, mandatory=True)


def take(broker: OwnBroker, queue: str) -> bytes | None:
    with confirming_channel(broker) as channel:
        _, body = next(iter(channel.consume(queue, auto_ack=True, inactivity_timeout=60)))[1:]
        return bytes(body) if body is not None else None


def test_a_private_node_takes_a_confirmed_message(broker: OwnBroker) -> None:
    declare_and_publish(broker, "confirmed", b"hello")
    assert take(broker, "confirmed") == b"hello"


def test_a_killed_node_comes_back_on_its_url_with_its_durable_message(broker: OwnBroker) -> None:
    declare_and_publish(broker, "durable", b"still here")
    wait_until_crash_safe(broker, "durable")
    url = broker.url
    broker.kill()
    broker.start()
    assert broker.url == url
    assert take(broker, "durable") == b"still here"


def test_a_node_restarted_in_order_keeps_its_durable_message(broker: OwnBroker) -> None:
    declare_and_publish(broker, "restarted", b"still here")
    broker.restart()
    assert take(broker, "restarted") == b"still here"


def test_rabbitmqctl_reaches_the_node(broker: OwnBroker) -> None:
    declare_and_publish(broker, "listed", b"one")
    assert "listed" in broker.ctl("list_queues", "name").split()


def test_a_stopped_node_leaves_no_process_and_no_folder() -> None:
    node = own_broker()
    assert isinstance(node, PrivateRabbitmq)
    node.start()
    folder = node.folder
    assert len(processes_naming(folder)) > 1
    node.stop()
    assert (processes_naming(folder), folder.exists()) == ([], False)
    node.stop()


def test_an_owner_killed_by_sigkill_takes_its_node_along() -> None:
    with python_process(_OWNER) as owner:
        folder = Path(owner.next_line())
        assert len(processes_naming(folder)) > 1
        owner.kill()
    wait_for(lambda: not folder.exists() and not processes_naming(folder), "the end of everything")


def test_a_named_broker_is_used_as_it_is(tmp_path: Path) -> None:
    with find_broker("amqp://user:secret@broker.example/", local=tmp_path) as given:
        assert given.url == "amqp://user:secret@broker.example/"
    assert list(tmp_path.iterdir()) == []


def test_when_no_way_works_one_line_says_why_and_what_to_type() -> None:
    def unusable(reason: str) -> PrivateRabbitmq:
        raise SourceUnusable(reason)

    with pytest.raises(ServerUnavailable) as raised:
        first_usable((lambda: unusable("not installed"), lambda: unusable("no apt-get")), BROKER_ADVICE)
    assert "not installed, no apt-get" in str(raised.value)
    assert "sudo apt-get install rabbitmq-server" in str(raised.value)
    assert "export PROVISIONING_AMQP__URL=" in str(raised.value)
    assert "\n" not in str(raised.value)
