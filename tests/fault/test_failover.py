"""The active worker of two is killed, once and again: the other goes on, in order, and looks for what was begun."""

from collections.abc import Callable
from contextlib import ExitStack

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Format, Operation
from sandbox.provider.operations.registry import Effect
from tests.support.commands import Command, change_email, rename, rotate
from tests.support.held_calls import NEWCOMERS, await_all_held, hold_creations, lives
from tests.support.loads import rotations
from tests.support.replicas import PATIENCE_SECONDS, READS, SHORT, Replicas, asked_by
from tests.support.seeds import credential_of, old_customer
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

CUSTOMERS = 20
TURNS = 3
DONE = 0
SETTLE_SECONDS = 1


def test_a_killed_one_is_followed_at_once_but_for_what_it_had_begun(
    replicas: Replicas, record_property: Callable[[str, object], None]
) -> None:
    """With the lease that a real run has."""
    installation = replicas.installation
    sandbox, settings = installation.sandbox, installation.settings
    settings["PROVIDER__SETTLE_SECONDS"] = str(SETTLE_SECONDS)
    begun_last = [old_customer(number) for number in range(int(settings["WORKER__CONCURRENCY"]) - len(NEWCOMERS))]
    # Kept until the other one works: as many as it makes at once. The rest of the customers have commands that wait.
    hold_creations(installation)
    for username in begun_last:
        sandbox.inject(FaultRule(fault=Fault.HELD, username=username, nth=3))
    commands = [*lives(), *rotations(CUSTOMERS, rounds=8)]
    with replicas.start(form=Format.XML) as active, replicas.start() as standby:
        assert [one.ask("/readyz").status for one in (active, standby)] == [200, 200]
        assert standby.ask("/readyz").document["state"] == "consuming or standing by"
        installation.emitter.publish(*commands)
        await_all_held(installation)
        active.kill()
        killed, begun, owner = replicas.now(), replicas.begun_by(active), replicas.owner(active)
        wait_for(lambda: asked_by(Format.JSON, sandbox.journal(after=killed.sequence)), "a call of the other one")
        sandbox.clear_faults()
        installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
        assert standby.terminate() == DONE
    installation.verdict(commands)

    held = {command.username for command in commands if command.id in begun}
    assert held >= {*NEWCOMERS, *begun_last}
    after = asked_by(Format.JSON, sandbox.journal(after=killed.sequence))
    waited = [entry for entry in after if entry.username in held]
    # Whoever was not begun did not wait: neither for the lease nor behind those that did.
    free = [entry for entry in after if entry.username not in held]
    assert free[0].epoch_seconds < owner.lease_until
    assert free[-1].sequence < waited[0].sequence
    assert waited[0].epoch_seconds >= owner.lease_until + SETTLE_SECONDS
    for username in NEWCOMERS:
        late, looked = [entry for entry in sandbox.journal() if entry.username == username][:2]
        # Its effect came after the takeover; it was looked for, and found, before anything was written.
        assert (late.operation, late.format, late.effect) == (Operation.ADD, Format.XML, Effect.CHANGED)
        assert late.sequence > after[0].sequence
        assert looked.operation in READS
    first, first_begun = (entry.epoch_seconds - killed.epoch_seconds for entry in (free[0], waited[0]))
    left = owner.lease_until - killed.epoch_seconds
    record_property("failover", f"first {first:.2f} s, first begun {first_begun:.2f} s, lease {left:.2f} s")


def test_each_customers_order_holds_while_the_active_one_is_killed_again_and_again(replicas: Replicas) -> None:
    installation = replicas.installation
    installation.settings["PROVIDER__SETTLE_SECONDS"] = "0.5"
    commands = [command for turn in range(TURNS) for number in range(CUSTOMERS) for command in moves(number, turn)]
    with ExitStack() as started:

        def start() -> WorkerProcess:
            return started.enter_context(replicas.start(SHORT))

        active, standby = start(), start()
        with replicas.under_load(commands):
            for times in range(1, 4):
                replicas.await_applied(times * CUSTOMERS)
                active.kill()
                active, standby = standby, start()
        installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
        assert [active.terminate(), standby.terminate()] == [DONE, DONE]
    assert installation.verdict(commands).dead_letters == 0


def moves(number: int, turn: int) -> list[Command]:
    """A customer gets a password, another name, and an email address; every second one is known by its names alone."""
    names = [old_customer(number), *(f"moved-{number}-{step}@example.com" for step in range(TURNS))]
    subject = f"cus_{number}" if number % 2 else None
    return [
        rotate(names[turn], credential_of(number), f"password {turn}", subject=subject),
        rename(names[turn], names[turn + 1], subject=subject),
        change_email(names[turn + 1], f"mail-{number}-{turn}@example.com", subject=subject),
    ]
