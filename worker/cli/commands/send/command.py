"""What `send` does with its words: check, send, wait, and say how it ended."""

import os
import sys
from collections.abc import Iterator
from math import isnan
from typing import Annotated, BinaryIO

import typer

from worker.broker.consume.listener import ExchangeListener
from worker.broker.topology.model import Topology
from worker.cli.commands.send.checking import Checked, checked, counted, review
from worker.cli.commands.send.publishing import SendProgress, named, publish
from worker.cli.commands.send.reading import InputFault, lines, opened, values
from worker.cli.commands.send.results import Results
from worker.cli.terminal.output import say
from worker.cli.terminal.signals import explained_if_ended
from worker.errors import BrokerUnreachable, WorkerError
from worker.exits import Exit
from worker.from_settings import broker_address
from worker.settings import BrokerReach, load, unknown_names

#: A timer that is given much more overflows.
_A_YEAR_IN_SECONDS = 31_536_000.0


def _number(seconds: float) -> float:
    # It is neither below the least nor above the most.
    if isnan(seconds):
        raise typer.BadParameter("nan is no number of seconds")
    return seconds


def send(
    file: Annotated[str, typer.Argument(help="A JSON array, JSON lines or one object of CloudEvents; - reads stdin.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Print each command's result event.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the commands, send nothing.")] = False,
    timeout: Annotated[
        float,
        typer.Option(
            help="Seconds to wait for results after the last one.", min=0.0, max=_A_YEAR_IN_SECONDS, callback=_number
        ),
    ] = 60.0,
) -> None:
    """Publish commands: persistent, mandatory, each confirmed before the next.

    Of a file nothing is sent unless all of it is valid. JSON lines in a pipe are sent as they come, up to the first
    invalid line. A command without an id gets a new one each time, so only one with an id can be sent again safely.
    """
    progress = SendProgress()
    with explained_if_ended(progress.done), opened(file) as stream:
        # What cannot be read twice is sent as it comes.
        start = stream.tell() if stream.seekable() else None
        if dry_run or start is not None:
            valid = _reviewed(stream)
        if dry_run:
            are = "is" if valid == 1 else "are"
            say(f"{counted(valid)} {are} valid; nothing was sent")
            return
        if start is not None:
            stream.seek(start)
        sys.exit(_sent(stream, timeout if wait else None, progress))


def _commands(stream: BinaryIO) -> Iterator[Checked]:
    return map(checked, values(lines(stream)))


def _reviewed(stream: BinaryIO) -> int:
    valid, notes = review(_commands(stream))
    if not valid:
        raise _empty(stream)
    for note in notes:
        say(f"note: {note}")
    return valid


def _empty(stream: BinaryIO) -> WorkerError:
    name = "standard input" if stream is sys.stdin.buffer else stream.name
    return WorkerError(f"no command was read from {name}; nothing was sent")


def _sent(stream: BinaryIO, wait_seconds: float | None, progress: SendProgress) -> Exit:
    for warning in unknown_names(os.environ):
        say(f"warning: {warning}")
    reach = load(BrokerReach)
    topology = Topology(reach.amqp.prefix)
    if wait_seconds is None:
        fault = publish(reach, _commands(stream), lambda _: None, progress)
        code = _stopped_by(fault, stream, progress)
        if fault is None:
            are = "is" if progress.count == 1 else "are"
            say(f"{counted(progress.count)} {are} on {topology.commands}, confirmed by the broker")
        return code
    with Results(ExchangeListener(broker_address(reach), topology.events, ())) as results:
        progress.missing = results.missing
        fault = publish(reach, _commands(stream), results.expect, progress)
        code = _stopped_by(fault, stream, progress)
        try:
            return max(code, _waited(results, wait_seconds))
        except BrokerUnreachable as exc:
            raise BrokerUnreachable(f"{exc}; {progress.done()}") from exc


def _stopped_by(fault: InputFault | None, stream: BinaryIO, progress: SendProgress) -> Exit:
    if fault is None:
        if not progress.count:
            raise _empty(stream)
        return Exit.DONE
    what = f"{counted(progress.count)} before it sent and confirmed" if progress.count else "nothing was sent"
    say(f"{fault.sentence}; {what}")
    return Exit.PARTLY if progress.count else Exit.FAILED


def _waited(results: Results, seconds: float) -> Exit:
    missing = results.wait(seconds)
    if missing:
        say(f"no result within {seconds:g} s for {named(missing)}; `provisioning-worker explain` tells why")
        return Exit.PARTLY
    if not results.failed:
        return Exit.DONE
    return Exit.PARTLY if results.succeeded else Exit.FAILED
