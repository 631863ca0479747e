"""What keeps a broker from taking events and dead letters, for a with-block; it is mended at the block's end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

from pika.exceptions import NackError

from sandbox.servers.finding import OwnBroker
from tests.support.amqp_line import Line
from tests.support.billing import QUORUM
from tests.support.installation import Installation
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode

Trouble = Callable[[Installation, OwnBroker], AbstractContextManager[None]]


@contextmanager
def memory_alarm(_installation: Installation, broker: OwnBroker) -> Iterator[None]:
    """Let the broker be short of memory. No billing system can publish meanwhile either."""
    with _alarm(broker, "set_vm_memory_high_watermark", "0.0001", "0.4"):
        yield


@contextmanager
def disk_alarm(_installation: Installation, broker: OwnBroker) -> Iterator[None]:
    """Let the broker be short of disk space. No billing system can publish meanwhile either."""
    with _alarm(broker, "set_disk_free_limit", "1000000GB", "50MB"):
        yield


@contextmanager
def full_queue(which: Callable[[Topology], str], installation: Installation, _broker: OwnBroker) -> Iterator[None]:
    """Bind a queue that takes nothing to an exchange, as one is that has reached its limit."""
    name, line = f"{installation.topology.prefix}.full", Line(installation.broker_url)
    limits = {**QUORUM, "x-max-length": 0, "x-overflow": "reject-publish"}
    try:
        line.use(lambda channel: channel.queue_declare(name, durable=True, arguments=limits))
        line.use(partial(_fill, name))
        line.use(lambda channel: channel.queue_bind(name, which(installation.topology), "#"))
        yield
    finally:
        line.use(lambda channel: channel.queue_delete(name))
        line.close()


@contextmanager
def deleted_exchange(
    which: Callable[[Topology], str], installation: Installation, _broker: OwnBroker
) -> Iterator[None]:
    """Delete an exchange, and declare the whole topology again as `topology apply` does."""
    line = Line(installation.broker_url)
    try:
        line.use(lambda channel: channel.exchange_delete(which(installation.topology)))
        line.close()
        yield
    finally:
        inspect_topology(BrokerAddress(installation.broker_url), installation.topology, Mode.APPLY).require_sound()
        installation.listener.bind()


@contextmanager
def nobody_bound(installation: Installation, broker: OwnBroker) -> Iterator[None]:
    """Let no queue want the events, and have none for those that nobody wants."""
    installation.listener.unbind_events()
    with deleted_exchange(lambda topology: topology.unrouted, installation, broker):
        yield


@contextmanager
def _alarm(broker: OwnBroker, setting: str, tight: str, roomy: str) -> Iterator[None]:
    try:
        # What is given up on a busy machine may still have been done, and an alarm would outlive its test.
        broker.ctl(setting, tight)
        yield
    finally:
        broker.ctl(setting, roomy)


def _fill(queue: str, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
    # A limit is no sharp one: the broker looks at it only now and then.
    with suppress(NackError):
        while True:
            channel.basic_publish("", queue, b"filled", mandatory=True)
