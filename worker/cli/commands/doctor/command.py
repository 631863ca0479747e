"""`provisioning-worker doctor`."""

import os
import sys
from typing import Annotated

import typer

from worker.cli.commands.doctor.looking import look
from worker.cli.commands.doctor.printing import show
from worker.cli.terminal.output import Output
from worker.doctor import Diagnosis, diagnose
from worker.doctor.facts import Facts, LoginStatus
from worker.exits import Exit


def doctor(output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO) -> None:
    """Say what is wrong with broker, provider, ledger and settings, and the line that mends it; changes nothing."""
    facts = look(os.environ)
    diagnosis = diagnose(facts)
    show(diagnosis, output)
    sys.exit(_exit(facts, diagnosis))


def _exit(facts: Facts, diagnosis: Diagnosis) -> Exit:
    if _saw_something(facts):
        return Exit.DONE if diagnosis.well else Exit.FAILED
    return Exit.CONFIGURATION if facts.settings.faults else Exit.UNREACHABLE


def _saw_something(facts: Facts) -> bool:
    broker, provider, ledger = facts.broker, facts.provider, facts.ledger
    return (
        (broker is not None and not broker.fault)
        or (provider is not None and provider.v2 is not LoginStatus.AWAY)
        or (ledger is not None and ledger.readable)
    )
