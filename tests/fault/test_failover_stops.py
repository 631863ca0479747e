"""The active worker of two is told to stop, or loses the broker alone: nobody waits for a lease that nothing needs.

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
    house = replicas.house
    house.settings["WORKER__CONCURRENCY"] = "2"
    commands = rotations(CUSTOMERS, rounds=10)
    before, after = commands[:CUSTOMERS], commands[CUSTOMERS:]
    with replicas.start(LONG, Format.XML) as active, replicas.start(LONG) as standby:
        house.emitter.publish(*before)
        house.ear.await_events(before)
        hold_calls(house)
        house.emitter.publish(*after)
        await_held(house, calls=2)
        standby.kill()
        with replicas.start(LONG) as successor:
            assert active.said("broker_disconnected") == []
            assert stop_amid_calls(house, active) == DONE
            house.ear.await_events(commands, seconds=PATIENCE_SECONDS)
            lease_until = min(replicas.owner(worker).lease_until for worker in (active, standby))
            assert successor.terminate() == DONE
    assert active.said("worker_stopping")[0]["held"] > 0
    totals = house.verdict(commands)
    # Nothing was done or told twice, nothing had to be looked for, and nothing waited for a lease.
    assert (totals.calls, totals.repeats, totals.dead_letters) == (len(commands), 0, 0)
    assert house.sandbox.journal()[-1].epoch_seconds < lease_until


def test_a_stop_whose_time_ran_out_holds_up_what_it_had_begun_and_nothing_else(replicas: Replicas) -> None:
    house, settle_seconds = replicas.house, 5
    house.settings["PROVIDER__SETTLE_SECONDS"] = str(settle_seconds)
    hold_creations(house)
    begun, free = lives(), rotations(CUSTOMERS, rounds=3)
    with replicas.start(LONG, Format.XML, WORKER__DRAIN_SECONDS="0.2") as active, replicas.start(LONG) as standby:
        house.emitter.publish(*begun)
        await_all_held(house)
        assert active.terminate() == PARTLY
        house.sandbox.clear_faults()
        stopped, stopped_at = replicas.owner(active), replicas.now()
        house.emitter.publish(*free)
        house.ear.await_events([*begun, *free], seconds=PATIENCE_SECONDS)
        assert standby.terminate() == DONE
    assert house.verdict([*begun, *free]).dead_letters == 0
    after = asked_by(Format.JSON, house.sandbox.journal(after=stopped_at.sequence))
    waited = [entry for entry in after if entry.username in NEWCOMERS]
    # It has said that it stopped, so its lease is nothing to wait for; what the provider may still apply is.
    assert stopped.stopped_at is not None
    assert stopped.stopped_at + settle_seconds <= waited[0].epoch_seconds < stopped.lease_until
    assert after[0].username not in NEWCOMERS
    for username in NEWCOMERS:
        late, looked = [entry for entry in house.sandbox.journal() if entry.username == username][:2]
        assert (late.operation, late.format, late.effect) == (Operation.ADD, Format.XML, Effect.CHANGED)
        assert looked.operation in READS


def test_one_that_loses_the_broker_alone_ends_what_it_had_begun_and_the_other_tells_of_it(replicas: Replicas) -> None:
    house = replicas.house
    hold_creations(house)
    begun, free = lives(), rotations(CUSTOMERS, rounds=3)
    with detour(house.broker_url) as (url, way):
        way.open()
        with replicas.start(LONG, Format.XML, AMQP__URL=url) as active, replicas.start(LONG) as standby:
            house.emitter.publish(*begun)
            await_all_held(house)
            way.close()
            house.sandbox.clear_faults()
            house.emitter.publish(*free)
            house.ear.await_events([*begun, *free], seconds=PATIENCE_SECONDS)
            owner = replicas.owner(active)
            way.open()
            active.await_ready()
            assert [active.terminate(), standby.terminate()] == [DONE, DONE]
    assert house.verdict([*begun, *free]).dead_letters == 0
    # It lives, and has its lease; so what it had begun was its own to end, and nobody looked for it.
    assert not owner.died
    assert house.sandbox.journal()[-1].epoch_seconds < owner.lease_until
    assert not [entry for entry in house.sandbox.journal() if entry.operation in READS]


def test_a_rolling_deployment_three_times_round_does_nothing_twice(replicas: Replicas) -> None:
    house = replicas.house
    commands = rotations(CUSTOMERS, rounds=3 * REPLACEMENTS)
    each = len(commands) // REPLACEMENTS
    with ExitStack() as started:

        def start() -> WorkerProcess:
            return started.enter_context(replicas.start(LONG, WORKER__CONCURRENCY="2"))

        workers = [start(), start()]
        for replaced in range(REPLACEMENTS):
            hold_calls(house)
            house.emitter.publish(*commands[replaced * each :][:each])
            await_held(house, calls=2)
            old = workers.pop(0)
            assert stop_amid_calls(house, old) == DONE
            assert old.said("worker_stopping")[0]["held"] > 0
            workers.append(start())
        house.ear.await_events(commands, seconds=PATIENCE_SECONDS)
        assert [worker.terminate() for worker in workers] == [DONE, DONE]
    totals = house.verdict(commands)
    assert (totals.calls, totals.repeats, totals.dead_letters) == (len(commands), 0, 0)
