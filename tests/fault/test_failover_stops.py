"""The active worker of two is asked to stop, or loses the broker alone: nobody waits for a lease that nothing needs.

The leases here are far longer than a test may take.
"""

from contextlib import ExitStack

from sandbox.provider.operations.calls import Format, Operation
from sandbox.provider.operations.registry import Effect
from tests.support.detour import detour
from tests.support.held_calls import (
    NEWCOMERS,
    await_all_held,
    await_held,
    hold_calls,
    hold_creations,
    lives,
    stop_amid_calls,
)
from tests.support.loads import rotations
from tests.support.replicas import LONG, PATIENCE_SECONDS, READS, Replicas, asked_by
from tests.support.worker_process import WorkerProcess

CUSTOMERS = 20
DONE, PARTLY = 0, 3
REPLACEMENTS = 6


def test_a_standby_that_is_killed_changes_nothing_and_a_stop_under_load_holds_nobody_up(replicas: Replicas) -> None:
    installation = replicas.installation
    installation.settings["WORKER__CONCURRENCY"] = "2"
    commands = rotations(CUSTOMERS, rounds=10)
    before, after = commands[:CUSTOMERS], commands[CUSTOMERS:]
    with replicas.start(LONG, Format.XML) as active, replicas.start(LONG) as standby:
        installation.emitter.publish(*before)
        installation.listener.await_events(before)
        hold_calls(installation)
        installation.emitter.publish(*after)
        await_held(installation, calls=2)
        standby.kill()
        with replicas.start(LONG) as successor:
            assert active.logged("broker_disconnected") == []
            assert stop_amid_calls(installation, active) == DONE
            installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
            lease_until = min(replicas.owner(worker).lease_until for worker in (active, standby))
            assert successor.terminate() == DONE
    assert active.logged("worker_stopping")[0]["held"] > 0
    totals = installation.verdict(commands)
    # Nothing was done or published twice, nothing had to be looked for, and nothing waited for a lease.
    assert (totals.calls, totals.repeats, totals.dead_letters) == (len(commands), 0, 0)
    assert installation.sandbox.journal()[-1].epoch_seconds < lease_until


def test_a_stop_whose_time_ran_out_holds_up_what_it_had_begun_and_nothing_else(replicas: Replicas) -> None:
    installation, settle_seconds = replicas.installation, 5
    installation.settings["PROVIDER__SETTLE_SECONDS"] = str(settle_seconds)
    hold_creations(installation)
    begun, free = lives(), rotations(CUSTOMERS, rounds=3)
    with replicas.start(LONG, Format.XML, WORKER__DRAIN_SECONDS="0.2") as active, replicas.start(LONG) as standby:
        installation.emitter.publish(*begun)
        await_all_held(installation)
        assert active.terminate() == PARTLY
        installation.sandbox.clear_faults()
        stopped, stopped_at = replicas.owner(active), replicas.now()
        installation.emitter.publish(*free)
        installation.listener.await_events([*begun, *free], seconds=PATIENCE_SECONDS)
        assert standby.terminate() == DONE
    assert installation.verdict([*begun, *free]).dead_letters == 0
    after = asked_by(Format.JSON, installation.sandbox.journal(after=stopped_at.sequence))
    waited = [entry for entry in after if entry.username in NEWCOMERS]
    # It has said that it stopped, so its lease is nothing to wait for; what the provider may still apply is.
    assert stopped.stopped_at is not None
    assert stopped.stopped_at + settle_seconds <= waited[0].epoch_seconds < stopped.lease_until
    assert after[0].username not in NEWCOMERS
    for username in NEWCOMERS:
        late, looked = [entry for entry in installation.sandbox.journal() if entry.username == username][:2]
        assert (late.operation, late.format, late.effect) == (Operation.ADD, Format.XML, Effect.CHANGED)
        assert looked.operation in READS


def test_one_that_loses_the_broker_alone_ends_what_it_had_begun_and_the_other_publishes_it(replicas: Replicas) -> None:
    installation = replicas.installation
    hold_creations(installation)
    begun, free = lives(), rotations(CUSTOMERS, rounds=3)
    with detour(installation.broker_url) as (url, way):
        way.open()
        with replicas.start(LONG, Format.XML, AMQP__URL=url) as active, replicas.start(LONG) as standby:
            installation.emitter.publish(*begun)
            await_all_held(installation)
            way.close()
            installation.sandbox.clear_faults()
            installation.emitter.publish(*free)
            installation.listener.await_events([*begun, *free], seconds=PATIENCE_SECONDS)
            owner = replicas.owner(active)
            way.open()
            active.await_ready()
            assert [active.terminate(), standby.terminate()] == [DONE, DONE]
    assert installation.verdict([*begun, *free]).dead_letters == 0
    # It lives, and has its lease; so what it had begun was its own to end, and nobody looked for it.
    assert not owner.died
    assert installation.sandbox.journal()[-1].epoch_seconds < owner.lease_until
    assert not [entry for entry in installation.sandbox.journal() if entry.operation in READS]


def test_a_rolling_deployment_three_times_round_does_nothing_twice(replicas: Replicas) -> None:
    installation = replicas.installation
    commands = rotations(CUSTOMERS, rounds=3 * REPLACEMENTS)
    each = len(commands) // REPLACEMENTS
    with ExitStack() as started:

        def start() -> WorkerProcess:
            return started.enter_context(replicas.start(LONG, WORKER__CONCURRENCY="2"))

        workers = [start(), start()]
        for replaced in range(REPLACEMENTS):
            hold_calls(installation)
            installation.emitter.publish(*commands[replaced * each :][:each])
            await_held(installation, calls=2)
            old = workers.pop(0)
            assert stop_amid_calls(installation, old) == DONE
            assert old.logged("worker_stopping")[0]["held"] > 0
            workers.append(start())
        installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
        assert [worker.terminate() for worker in workers] == [DONE, DONE]
    totals = installation.verdict(commands)
    assert (totals.calls, totals.repeats, totals.dead_letters) == (len(commands), 0, 0)
