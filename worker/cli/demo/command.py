"""`provisioning-worker demo`: plays the morning, shows it, and checks it."""

import os
import signal
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from worker.app import Exit
from worker.cli.demo import checks
from worker.cli.demo.ears import Ears
from worker.cli.demo.messages import Message
from worker.cli.demo.morning import LOST_ANSWER, Scene, morning
from worker.cli.demo.programs import fetch
from worker.cli.demo.show import Show
from worker.cli.demo.stage import Stage, stage
from worker.cli.signals import told_if_ended
from worker.domain.deliveries import Destination, Outgoing

_OUTAGE_SECONDS = 3.0
_SCENE_SECONDS = 30.0


def demo(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave broker, provider and worker running.")] = False
) -> None:
    """Play a billing system's morning through a real broker, a worker and a stand-in provider, and check it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that runs it in the background has it ignore Ctrl-C; whoever sends the signal all the same means it.
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
    show = Show(_console())
    started = time.monotonic()
    ended = told_if_ended(lambda: "what the demonstration had started is stopped")
    with ended, stage(os.environ.get("PROVISIONING_AMQP__URL"), show.tell, keep=keep) as ready:
        faults = _play(ready, show)
        show.verdict(faults, time.monotonic() - started)
        show.next_steps(ready)
    sys.exit(Exit.FAILED if faults else Exit.DONE)


def _console() -> Console:
    # Eighty columns, which is what a pipe is taken for, break every line of the table.
    return Console() if sys.stdout.isatty() else Console(width=130)


def _play(ready: Stage, show: Show) -> list[str]:
    ready.provider.inject(
        FaultRule(fault=Fault.APPLY_THEN_DROP, operation=Operation.ADD, username=LOST_ANSWER, times=1)
    )
    scenes = morning()
    with Ears(ready.address, (ready.topology.events, ready.topology.dead_letters)) as ears:
        sent = 0
        for scene in scenes:
            sent += len(scene.messages)
            _play_scene(ready, show, ears, (scene, sent))
        messages = [message for scene in scenes for message in scene.messages]
        told = checks.answers(messages, ears.events)
        expected_letters = sum(message.event == "CommandFailed" for message in messages)
        ears.wait(len(messages), expected_letters, _SCENE_SECONDS)
        show.table(told)
        show.letters(ears.letters)
        show.metrics(fetch(f"{ready.http_url}/metrics") or "", ready.http_url)
        return checks.faults(told, ears.letters, ready.provider.journal())


def _play_scene(ready: Stage, show: Show, ears: Ears, part: tuple[Scene, int]) -> None:
    scene, sent = part
    show.scene(scene.title, len(scene.messages))
    if scene.outage:
        ready.provider.inject(FaultRule(fault=Fault.OUTAGE, for_seconds=_OUTAGE_SECONDS))
    for message in scene.messages:
        _send(ready, message)
    customers = {message.id: message.customer or message.id for message in scene.messages}
    heard = sent - len(scene.messages)
    deadline = time.monotonic() + _SCENE_SECONDS
    while heard < sent and ears.wait(heard + 1, 0, deadline - time.monotonic()):
        event = ears.events[heard]
        show.event(event, customers.get(event["data"]["command_id"], ""))
        heard += 1


def _send(ready: Stage, message: Message) -> None:
    kind = message.properties.type or "unknown"
    ready.publisher.publish(Outgoing(Destination.COMMANDS, kind, message.body, message.properties))
