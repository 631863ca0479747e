"""Plays the scenario, prints what happens, and checks it."""

import sys
import time

from rich.console import Console

from sandbox.demo import checks
from sandbox.demo.broker import publish
from sandbox.demo.event_listener import EventListener
from sandbox.demo.programs import fetch
from sandbox.demo.report import DemoReport
from sandbox.demo.scenario import LOST_ANSWER, ScenarioStep, scenario
from sandbox.demo.stack import Stack, started
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation

_OUTAGE_SECONDS = 3.0
_STEP_SECONDS = 30.0


def run(broker_url: str | None, *, keep: bool) -> bool:
    """Play it on the broker at this URL, or on a private one; returns whether everything was as it must be.

    Raises ServerUnavailable when there is no broker to be had, ServerFailed when a program does not come up. With
    `keep` everything goes on running; what ends it is printed.
    """
    report = DemoReport(_console())
    begun = time.monotonic()
    with started(broker_url, report.progress, keep=keep) as stack:
        faults = _play(stack, report)
        report.verdict(faults, time.monotonic() - begun)
        report.next_steps(stack)
    return not faults


def _console() -> Console:
    # Eighty columns, which is what a pipe is taken for, break every line of the table.
    return Console() if sys.stdout.isatty() else Console(width=130)


def _play(stack: Stack, report: DemoReport) -> list[str]:
    stack.provider.inject(
        FaultRule(fault=Fault.APPLY_THEN_DROP, operation=Operation.ADD, username=LOST_ANSWER, times=1)
    )
    steps = scenario()
    messages = [message for step in steps for message in step.messages]
    with EventListener(stack.broker_url, stack.prefix) as listener:
        for step in steps:
            _play_step(stack, report, listener, step)
        expected_dead_letters = sum(message.event == "CommandFailed" for message in messages)
        listener.wait(len(messages), expected_dead_letters, _STEP_SECONDS)
        answers = checks.answers(messages, listener.events)
        report.table(answers)
        report.dead_letters(listener.dead_letters)
        report.metrics(fetch(f"{stack.http_url}/metrics") or "", stack.http_url)
        return checks.faults(answers, listener.dead_letters, stack.provider.journal())


def _play_step(stack: Stack, report: DemoReport, listener: EventListener, step: ScenarioStep) -> None:
    report.step(step.title, len(step.messages))
    if step.outage:
        stack.provider.inject(FaultRule(fault=Fault.OUTAGE, for_seconds=_OUTAGE_SECONDS))
    arrived = len(listener.events)
    publish(stack.broker_url, stack.prefix, step.messages)
    customers = {message.id: message.customer or message.id for message in step.messages}
    deadline = time.monotonic() + _STEP_SECONDS
    for index in range(arrived, arrived + len(step.messages)):
        if not listener.wait(index + 1, 0, deadline - time.monotonic()):
            return
        event = listener.events[index]
        report.event(event, customers.get(event["data"]["command_id"], ""))
