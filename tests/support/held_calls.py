"""Calls that the provider keeps until the test lets them go: what a worker has in hand then is no matter of speed.

A worker that must not give such a call up, however busy the machine is, is started with `PATIENT`.
"""

import signal

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.support.commands import Command, change_email, create, disable
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

#: Settings with which a call is waited for far longer than any test keeps one.
PATIENT = {"PROVIDER__TIMEOUT_SECONDS": "300"}
NEWCOMERS = tuple(f"new-{number}@example.com" for number in range(4))


def lives() -> list[Command]:
    """Each of them is made, changed and disabled; they take turns."""
    made = [create(username, subject=username) for username in NEWCOMERS]
    moved = [change_email(username, f"moved.{username}", subject=username) for username in NEWCOMERS]
    return [*made, *moved, *(disable(username, subject=username) for username in NEWCOMERS)]


def hold_creations(installation: Installation) -> None:
    """From now on the provider keeps the first call to make each of them until all faults are taken away."""
    installation.sandbox.inject(FaultRule(fault=Fault.HELD, operation=Operation.ADD, times=len(NEWCOMERS)))


def await_all_held(installation: Installation) -> None:
    """Wait until every call that was to be kept is kept."""
    # A rule that can befall nobody any more is not listed.
    wait_for(lambda: not installation.sandbox.faults(), "the calls that are kept")


def hold_calls(installation: Installation) -> None:
    """From now on the provider keeps every call that it gets."""
    installation.sandbox.inject(FaultRule(fault=Fault.HELD))


def await_held(installation: Installation, calls: int) -> None:
    """Wait until it keeps so many, or more."""
    wait_for(lambda: installation.sandbox.in_flight() >= calls, f"{calls} calls under way")


def stop_amid_calls(installation: Installation, worker: WorkerProcess) -> int:
    """Ask the worker to stop, let its calls go once it knows, and return its exit code."""
    begin_to_stop(worker)
    installation.sandbox.clear_faults()
    return worker.await_exit()


def begin_to_stop(worker: WorkerProcess) -> None:
    """Ask the worker to stop, and return once it knows."""
    worker.signal(signal.SIGTERM)
    wait_for(lambda: worker.ask("/readyz").document["state"] == "stopping", "the beginning of its end")
