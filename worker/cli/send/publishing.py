"""Puts commands on the broker: persistent, mandatory, each confirmed before the next, so that their order is kept."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from worker.broker.observing import SilentObserver
from worker.broker.publisher import Publisher, PublishLimits
from worker.broker.topology import Topology
from worker.cli.output import say
from worker.cli.send.checking import CONTENT_TYPE, Checked, Fault, Prepared
from worker.cli.send.progress import Sending, counted
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import BrokerUnreachable, PublishFailed
from worker.exits import Exit
from worker.from_settings import broker_address
from worker.settings import BrokerReach

_PATIENCE_SECONDS = 10.0
#: Fewer are over before anybody has read a bar.
_WORTH_A_BAR = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be sent; `total` is None where nobody knows. `expect` hears of each command before it is sent."""

    commands: Iterator[Checked]
    total: int | None
    expect: Callable[[Prepared], None]
    bar: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """How many were confirmed, and the fault at which it stopped; None when everything was sent."""

    count: int
    fault: Fault | None = None


def publish(reach: BrokerReach, batch: Batch, sending: Sending) -> Sent:
    """Send until the end or the first fault; `sending` knows at each moment how far that is.

    Raises BrokerUnreachable when not even the first could be brought to the broker; ends the program, with the count of
    what was sent, when a later one could not.
    """
    limits = PublishLimits(patience_seconds=_PATIENCE_SECONDS)
    address = broker_address(reach)
    publisher = Publisher(lambda: address, Topology(reach.amqp.prefix), SilentObserver(), limits=limits)
    publisher.start()
    try:
        return _publish_all(publisher, batch, sending)
    except BrokerUnreachable as exc:
        raise BrokerUnreachable(
            f"the broker at {address} (PROVISIONING_AMQP__URL) cannot be used: {exc}; no command was confirmed"
        ) from exc
    finally:
        publisher.stop()


def _publish_all(publisher: Publisher, batch: Batch, sending: Sending) -> Sent:
    with _bar(batch) as advance:
        for command in batch.commands:
            if isinstance(command, Fault):
                return Sent(sending.count, command)
            batch.expect(command)
            sending.begin(command.id)
            _publish_one(publisher, command, sending.count)
            sending.confirmed()
            advance()
    return Sent(sending.count)


def _publish_one(publisher: Publisher, command: Prepared, done: int) -> None:
    properties = Properties(content_type=CONTENT_TYPE, message_id=command.id, type=command.type, app_id=command.source)
    try:
        publisher.publish(Outgoing(Destination.COMMANDS, command.type, command.body, properties))
    except PublishFailed as exc:
        if not publisher.state.connected and not done:
            # Why there is no connection says more than that there is no confirm.
            raise BrokerUnreachable(str(publisher.state.fault)) from exc
        say(f"{exc} ({counted(done)} before it sent and confirmed)")
        sys.exit(Exit.PARTLY if done else Exit.FAILED)


@contextmanager
def _bar(batch: Batch) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    many = batch.total is None or batch.total >= _WORTH_A_BAR
    columns = (SpinnerColumn(), TextColumn("sending"), MofNCompleteColumn(), TimeElapsedColumn())
    # Results go to standard output as they are; the library would print them beside the bar, on standard error.
    progress = Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not (batch.bar and many and console.is_terminal),
    )
    with progress:
        task = progress.add_task("sending", total=batch.total)
        yield lambda: progress.advance(task)
