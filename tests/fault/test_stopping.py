"""SIGTERM under load: what runs is finished, what waits is given back in order, and the next process takes it up."""

from tests.support.held_calls import PATIENT, await_held, hold_calls, stop_amid_calls
from tests.support.house import House
from tests.support.loads import rotations
from tests.support.waiting import wait_for

CUSTOMERS, ROUNDS = 20, 15
DONE, PARTLY = 0, 3


def test_a_stop_under_load_loses_nothing_and_keeps_the_order(house: House) -> None:
    commands = rotations(CUSTOMERS, ROUNDS)
    before, after = commands[: 2 * CUSTOMERS], commands[2 * CUSTOMERS :]
    house.sandbox.set_latency(0.1)
    house.emitter.publish(*before)
    with house.worker(**PATIENT) as first:
        house.ear.await_events(before)
        hold_calls(house)
        house.emitter.publish(*after)
        await_held(house, calls=CUSTOMERS)
        assert stop_amid_calls(house, first) == DONE
    stopping = first.said("worker_stopping")[0]
    assert stopping["held"] > 0
    assert stopping["abandoned"] == 0
    with house.worker() as second:
        house.ear.await_events(commands)
        assert second.terminate() == DONE
    totals = house.verdict(commands)
    # An orderly stop finishes what it has begun, so nothing is done or told twice.
    assert (totals.calls, totals.repeats) == (len(commands), 0)


def test_a_stop_at_each_moment_loses_nothing(house: House) -> None:
    commands = rotations(CUSTOMERS, rounds=6)
    house.sandbox.set_latency(0.05)
    house.emitter.publish(*commands)
    for count in (1, 30, 60):
        with house.worker(WORKER__CONCURRENCY="3", AMQP__PREFETCH="30") as worker:
            house.ear.await_count(count)
            assert worker.terminate() == DONE
    with house.worker() as last:
        house.ear.await_events(commands)
        assert last.terminate() == DONE
    assert house.verdict(commands).calls == len(commands)


def test_what_does_not_end_in_time_is_abandoned_and_taken_up_again(house: House) -> None:
    commands = rotations(4, 2)
    hold_calls(house)
    house.emitter.publish(*commands)
    with house.worker(WORKER__DRAIN_SECONDS="0.2", **PATIENT) as first:
        await_held(house, calls=4)
        assert first.terminate() == PARTLY
    assert first.said("worker_stopped")[0]["abandoned"] == 4
    house.sandbox.clear_faults()
    wait_for(lambda: house.sandbox.in_flight() == 0, "the late effects of what was abandoned")
    with house.worker() as second:
        house.ear.await_events(commands)
        assert second.terminate() == DONE
    house.verdict(commands)
