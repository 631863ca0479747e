"""`provisioning-worker send FILE|-`: publishes commands, confirmed, in the file's order."""

import json
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from messages.codec import decode
from messages.envelope import WireMessage
from messages.errors import MessageError
from worker.app import Exit
from worker.assembly import broker_address
from worker.broker.listening import Listener
from worker.broker.observing import SilentObserver
from worker.broker.publisher import Publisher, PublishLimits
from worker.broker.topology import Topology
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.results import source_slug
from worker.errors import BrokerUnreachable, PublishFailed, WorkerError
from worker.settings import BrokerReach, load

_LISTEN_SECONDS = 0.2
_CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One command, checked and ready to be published."""

    id: str
    source: str
    type: str
    body: bytes


def send(
    file: Annotated[str, typer.Argument(help="A JSON array, JSON lines or one object of CloudEvents; - reads stdin.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Print each command's result event.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the commands, send nothing.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for results.", min=0.0)] = 60.0,
) -> None:
    """Publish commands: persistent, mandatory, each confirmed before the next, nothing sent unless all are valid."""
    commands = [_prepared(number, entry) for number, entry in enumerate(_entries(_read(file)), start=1)]
    if dry_run:
        sys.stderr.write(f"{len(commands)} commands are valid; nothing was sent\n")
        return
    reach = load(BrokerReach)
    if wait:
        sys.exit(_send_and_wait(reach, commands, timeout))
    _publish(reach, commands)
    sys.stderr.write(
        f"{len(commands)} commands are on {Topology(reach.amqp.prefix).commands}, confirmed by the broker\n"
    )


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        sys.stderr.write(f"{file} cannot be read: {exc}\n")
        sys.exit(Exit.USAGE)


def _entries(text: str) -> list[Any]:
    """The commands of an array, of lines, or of one object."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return [_line(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    return parsed if isinstance(parsed, list) else [parsed]


def _line(number: int, line: str) -> Any:  # noqa: ANN401 - any JSON value; what it must be is checked next
    try:
        return json.loads(line)
    except ValueError as exc:
        raise WorkerError(f"line {number} is not JSON: {exc}; nothing was sent") from exc


def _prepared(number: int, entry: Any) -> Prepared:  # noqa: ANN401 - any JSON value
    if isinstance(entry, dict):
        entry = {"specversion": "1.0", "id": str(uuid.uuid4()), **entry}
    body = json.dumps(entry).encode()
    try:
        envelope = decode(WireMessage(body, content_type=_CONTENT_TYPE))
    except MessageError as exc:
        raise WorkerError(f"command {number} is not valid: {exc}; nothing was sent") from None
    return Prepared(envelope.id, envelope.source, envelope.type, body)


def _publish(reach: BrokerReach, commands: Sequence[Prepared]) -> None:
    publisher = Publisher(
        lambda: broker_address(reach),
        Topology(reach.amqp.prefix),
        SilentObserver(),
        limits=PublishLimits(patience_seconds=10.0),
    )
    publisher.start()
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for done, command in enumerate(progress.track(commands, description="sending")):
                _publish_one(publisher, command, done)
    finally:
        publisher.stop()


def _publish_one(publisher: Publisher, command: Prepared, done: int) -> None:
    properties = Properties(
        content_type=_CONTENT_TYPE, delivery_mode=2, message_id=command.id, type=command.type, app_id=command.source
    )
    try:
        publisher.publish(Outgoing(Destination.COMMANDS, command.type, command.body, properties))
    except PublishFailed as exc:
        failed = f"{done} commands were sent; {command.id} was not: {exc}"
        if not publisher.state.connected and not done:
            raise BrokerUnreachable(failed) from exc
        sys.stderr.write(f"{failed}\n")
        sys.exit(Exit.PARTLY if done else Exit.FAILED)


def _send_and_wait(reach: BrokerReach, commands: Sequence[Prepared], timeout: float) -> Exit:
    keys = sorted({f"*.{source_slug(command.source)}" for command in commands})
    waiting = {(command.source, command.id) for command in commands}
    with Listener(broker_address(reach), Topology(reach.amqp.prefix).events, keys) as listener:
        _publish(reach, commands)
        failed = 0
        for event in _events(listener, time.monotonic() + timeout):
            key = (event["data"].get("command_source"), event["data"].get("command_id"))
            if key in waiting:
                waiting.remove(key)
                failed += event["type"] == "CommandFailed"
                sys.stdout.write(json.dumps(event) + "\n")
            if not waiting:
                return Exit.PARTLY if failed else Exit.DONE
    missing = ", ".join(identity for _, identity in sorted(waiting))
    sys.stderr.write(f"no result within {timeout:g} s for {missing}; `provisioning-worker explain` tells why\n")
    return Exit.PARTLY


def _events(listener: Listener, until: float) -> Iterator[dict[str, Any]]:
    for heard in listener.hear(_LISTEN_SECONDS):
        if heard is not None:
            yield json.loads(heard.body)
        if time.monotonic() > until:
            return
