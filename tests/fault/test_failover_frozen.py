"""The active worker of two is frozen until it has lost its queue and its lease, and then wakes up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.provider.operations.calls import Format
from sandbox.provider.operations.registry import Effect
from tests.support.commands import Command, rotate
from tests.support.held_calls import hold_calls
from tests.support.loads import rotations
from tests.support.replicas import PATIENCE_SECONDS, Replicas, Terms, asked_by, writes_in
from tests.support.seeds import credential_of, old_customer
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

CUSTOMERS = 20
DONE, FAILED = 0, 1
#: Short enough that a test may outlast both.
SHORT = Terms(lease_seconds=4, heartbeat_seconds=2)


@contextmanager
def frozen(worker: WorkerProcess) -> Iterator[None]:
    worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.signal(signal.SIGCONT)


def test_one_that_wakes_up_after_its_lease_writes_nothing_more_and_ends(replicas: Replicas) -> None:
    installation = replicas.installation
    installation.settings["WORKER__CONCURRENCY"] = "4"
    hold_calls(installation)
    commands = rotations(CUSTOMERS, rounds=2)
    later = [rotate(old_customer(number), credential_of(number), "the last one") for number in range(CUSTOMERS)]
    with replicas.start(SHORT, Format.XML) as active, replicas.start(SHORT) as standby:
        installation.emitter.publish(*commands)
        # Some of its calls are under way, and as many handlers wait for a place, to look at the lease right after.
        wait_for(
            lambda: installation.sandbox.in_flight() == 4 and len(replicas.begun_by(active)) > 4, "calls under way"
        )
        with frozen(active):
            installation.sandbox.clear_faults()
            installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
            slept_through = installation.sandbox.journal()[-1].sequence
            assert replicas.owner(active).died
            installation.emitter.publish(*later)
        assert active.await_exit() == FAILED
        installation.listener.await_events(later)
        with replicas.start(SHORT) as again:
            assert again.ask("/readyz").document["state"] == "consuming or standing by"
            assert standby.terminate() == DONE
            last = rotate(old_customer(0), credential_of(0), "after the restart")
            installation.emitter.publish(last)
            installation.listener.await_event(last)
            assert again.terminate() == DONE
    assert installation.verdict([*commands, *later, last]).dead_letters == 0
    assert writes_in(installation.sandbox.journal(after=slept_through), Format.XML) == []
    # What it had in hand was acked on the connection that had delivered it, or never.
    assert not [line for line in active.logged("broker_disconnected") if "delivery tag" in line["reason"]]
    [died] = active.logged("part_died")
    assert "lease" in died["detail"]
    assert "start it again" in died["detail"].lower()


def test_a_freeze_right_after_the_last_look_at_the_lease_lets_no_write_through_but_the_old(replicas: Replicas) -> None:
    """What remains: nothing that the worker can look at lies between that look and the bytes."""
    installation = replicas.installation
    installation.settings["PROVIDER__SETTLE_SECONDS"] = "0.2"
    alone, followed = 0, 1
    commands = [
        set_password(alone, "the first"),
        set_password(followed, "the first"),
        set_password(followed, "the second"),
    ]
    terms = Terms(SHORT.lease_seconds, SHORT.heartbeat_seconds, freezing_writes=2)
    with replicas.start(terms, Format.XML) as active, replicas.start(SHORT) as standby:
        installation.emitter.publish(*commands)
        installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
        done = asked_by(Format.JSON, writes_in(installation.sandbox.journal()))
        assert len(done) == len(commands)
        active.signal(signal.SIGCONT)
        assert active.await_exit() == FAILED
        wait_for(lambda: installation.sandbox.in_flight() == 0, "the end of its last calls")
        assert standby.terminate() == DONE
    late = {entry.username: entry.effect for entry in writes_in(installation.sandbox.journal(after=done[-1].sequence))}
    # Set twice is no change; only where the customer's next command came between does the older value return.
    # On a busy machine a call may not leave any more, and may not be made again without the lease: it never comes then.
    remains = {old_customer(alone): Effect.UNCHANGED, old_customer(followed): Effect.CHANGED}
    assert late.items() <= remains.items()


def set_password(number: int, password: str) -> Command:
    return rotate(old_customer(number), credential_of(number), password, subject=f"cus_{number}")
