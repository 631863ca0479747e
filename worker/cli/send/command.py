"""What `send` does with its words: check, send, wait, and say how it ended."""

import os
import sys
from contextlib import nullcontext
from math import isnan
from typing import Annotated

import typer

from worker.broker.listening import Listener
from worker.broker.topology import Topology
from worker.cli.output import say
from worker.cli.send.progress import Sending, counted, named
from worker.cli.send.publishing import Batch, Sent, publish
from worker.cli.send.results import Results, Tally
from worker.cli.send.reviewing import review
from worker.cli.send.source import Source, opened
from worker.cli.signals import told_if_ended
from worker.errors import WorkerError
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

    Of a file nothing is sent unless all of it is valid. A pipe is sent line by line as it comes, up to the first
    invalid line. A command without an id gets a new one each time, so only one with an id can be sent again safely.
    """
    sending = Sending()
    with told_if_ended(sending.done), opened(file) as source:
        total = _reviewed(source) if dry_run or source.repeatable else None
        if dry_run:
            valid = "1 command is valid" if total == 1 else f"{total} commands are valid"
            say(f"{valid}; nothing was sent")
        else:
            sys.exit(_sent(source, total, timeout if wait else None, sending))


def _reviewed(source: Source) -> int:
    found = review(source.commands())
    if not found.count:
        raise WorkerError(f"no command was read from {source.name}; nothing was sent")
    for note in found.notes():
        say(f"note: {note}")
    return found.count


def _sent(source: Source, total: int | None, wait_seconds: float | None, sending: Sending) -> Exit:
    for warning in unknown_names(os.environ):
        say(f"warning: {warning}")
    reach = load(BrokerReach)
    topology = Topology(reach.amqp.prefix)
    waiting = wait_seconds is not None
    listening = Results(Listener(broker_address(reach), topology.events, ())) if waiting else nullcontext()
    with listening as results:
        # A bar and results on the same terminal would write over one another.
        bar = not (results and sys.stdout.isatty())
        expect = results.expect if results else lambda _: None
        sending.missing = results.missing if results else tuple
        sent = publish(reach, Batch(source.commands(), total, expect, bar), sending)
        if not sent.count and sent.fault is None:
            raise WorkerError(f"no command was read from {source.name}; nothing was sent")
        if results is None or wait_seconds is None:
            return _told_as_sent(sent, topology)
        return max(_stopped_by(sent), _waited(results.tally(wait_seconds), wait_seconds))


def _told_as_sent(sent: Sent, topology: Topology) -> Exit:
    if sent.fault is None:
        are = "is" if sent.count == 1 else "are"
        say(f"{counted(sent.count)} {are} on {topology.commands}, confirmed by the broker")
    return _stopped_by(sent)


def _stopped_by(sent: Sent) -> Exit:
    if sent.fault is None:
        return Exit.DONE
    what = f"{counted(sent.count)} before it sent and confirmed" if sent.count else "nothing was sent"
    say(f"{sent.fault.sentence}; {what}")
    return Exit.PARTLY if sent.count else Exit.FAILED


def _waited(tally: Tally, seconds: float) -> Exit:
    if tally.missing:
        ids = named(tally.missing)
        say(f"no result within {seconds:g} s for {ids}; `provisioning-worker explain` tells why")
        return Exit.PARTLY
    if not tally.failed:
        return Exit.DONE
    return Exit.PARTLY if tally.succeeded else Exit.FAILED
