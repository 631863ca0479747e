"""Puts commands on the broker: persistent, mandatory, each confirmed before the next, so that their order is kept."""

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from worker.broker.publish.publisher import Publisher
from worker.broker.topology.model import Topology
from worker.cli.commands.send.checking import CONTENT_TYPE, Checked, Prepared, counted
from worker.cli.commands.send.reading import InputFault
from worker.cli.terminal.output import say
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import BrokerUnreachable, PublishFailed
from worker.exits import Exit
from worker.from_settings import broker_address
from worker.settings import BrokerReach

_PATIENCE_SECONDS = 10.0
_SHOWN_IDS = 20


class SendProgress:
    """Counts what the broker confirmed. `missing` names the commands whose result is awaited, if any is."""

    def __init__(self) -> None:
        self.missing: Callable[[], Sequence[str]] = tuple
        # Both in one: a signal may come between any two steps.
        self._at = (0, "")

    @property
    def count(self) -> int:
        """How many were confirmed."""
        return self._at[0]

    def begin(self, identity: str) -> None:
        """The command with this id is under way from now on."""
        self._at = (self.count, identity)

    def confirmed(self) -> None:
        """The command that was under way was confirmed."""
        self._at = (self.count + 1, "")

    def done(self) -> str:
        """What was done by now."""
        count, under_way = self._at
        if not count and not under_way:
            return "nothing was sent"
        sent = f"{counted(count)} had been sent and confirmed"
        if under_way:
            sent += f", and {under_way} was under way: it may have arrived, and can be sent again under the same id"
        missing = self.missing()
        return f"{sent}; no result yet for {named(missing)}" if missing else sent


def named(missing: Sequence[str]) -> str:
    """The first of these ids, and how many more there are."""
    more = f" and {len(missing) - _SHOWN_IDS} more" if len(missing) > _SHOWN_IDS else ""
    return ", ".join(islice(missing, _SHOWN_IDS)) + more


def publish(
    reach: BrokerReach, commands: Iterable[Checked], expect: Callable[[Prepared], None], progress: SendProgress
) -> InputFault | None:
    """Send until the end or the first fault, which is returned; `expect` hears of each command before it is sent.

    Raises BrokerUnreachable when not even the first could be brought to the broker; ends the program, with the count of
    what was sent, when a later one could not.
    """
    address = broker_address(reach)
    topology = Topology(reach.amqp.prefix)
    publisher = Publisher(lambda: address, topology, patience_seconds=_PATIENCE_SECONDS)
    publisher.start()
    try:
        for command in commands:
            if isinstance(command, InputFault):
                return command
            expect(command)
            progress.begin(command.id)
            _publish_one(publisher, command, progress.count)
            progress.confirmed()
    except BrokerUnreachable as exc:
        done = f"{counted(progress.count)} sent and confirmed" if progress.count else "no command was confirmed"
        raise BrokerUnreachable(
            f"the broker at {address} (PROVISIONING_AMQP__URL) cannot be used: {exc}; {done}"
        ) from exc
    finally:
        publisher.stop()
    return None


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
