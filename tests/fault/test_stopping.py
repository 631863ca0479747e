"""SIGTERM under load: what runs is finished, what waits is given back in order, and the next process takes it up."""

from tests.support.held_calls import PATIENT, await_held, hold_calls, stop_amid_calls
from tests.support.installation import Installation
from tests.support.loads import rotations
from tests.support.waiting import wait_for

CUSTOMERS, ROUNDS = 20, 15
DONE, PARTLY = 0, 3


def test_a_stop_under_load_loses_nothing_and_keeps_the_order(installation: Installation) -> None:
    commands = rotations(CUSTOMERS, ROUNDS)
    before, after = commands[: 2 * CUSTOMERS], commands[2 * CUSTOMERS :]
    installation.sandbox.set_latency(0.1)
    installation.emitter.publish(*before)
    with installation.worker(**PATIENT) as first:
        installation.listener.await_events(before)
        hold_calls(installation)
        installation.emitter.publish(*after)
        await_held(installation, calls=CUSTOMERS)
        assert stop_amid_calls(installation, first) == DONE
    stopping = first.logged("worker_stopping")[0]
    assert stopping["held"] > 0
    assert stopping["abandoned"] == 0
    with installation.worker() as second:
        installation.listener.await_events(commands)
        assert second.terminate() == DONE
    totals = installation.verdict(commands)
    # An orderly stop finishes what it has begun, so nothing is done or published twice.
    assert (totals.calls, totals.repeats) == (len(commands), 0)


def test_a_stop_at_each_moment_loses_nothing(installation: Installation) -> None:
    commands = rotations(CUSTOMERS, rounds=6)
    installation.sandbox.set_latency(0.05)
    installation.emitter.publish(*commands)
    for count in (1, 30, 60):
        with installation.worker(WORKER__CONCURRENCY="3", AMQP__PREFETCH="30") as worker:
            installation.listener.await_count(count)
            assert worker.terminate() == DONE
    with installation.worker() as last:
        installation.listener.await_events(commands)
        assert last.terminate() == DONE
    assert installation.verdict(commands).calls == len(commands)


def test_what_does_not_end_in_time_is_abandoned_and_taken_up_again(installation: Installation) -> None:
    commands = rotations(4, 2)
    hold_calls(installation)
    installation.emitter.publish(*commands)
    with installation.worker(WORKER__DRAIN_SECONDS="0.2", **PATIENT) as first:
        await_held(installation, calls=4)
        assert first.terminate() == PARTLY
    assert first.logged("worker_stopped")[0]["abandoned"] == 4
    installation.sandbox.clear_faults()
    wait_for(lambda: installation.sandbox.in_flight() == 0, "the late effects of what was abandoned")
    with installation.worker() as second:
        installation.listener.await_events(commands)
        assert second.terminate() == DONE
    installation.verdict(commands)
