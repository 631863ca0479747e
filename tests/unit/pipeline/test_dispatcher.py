"""Who runs when, with real threads: one customer's commands in order, customers side by side."""

import threading
from collections import defaultdict

import pytest

from tests.fakes.clock import FakeClock
from tests.support.waiting import wait_for
from tests.support.work_samples import delivery
from tests.unit.pipeline.dispatcher_rig import LONG, SETTLED, DispatcherRig, HeldRuns
from worker.domain.work import Wait, Work
from worker.errors import ProviderLogin
from worker.pipeline.job import Job
from worker.pipeline.scheduling.dispatcher import Dispatcher, Stages
from worker.pipeline.scheduling.timer import Timer


def test_one_customer_s_commands_run_one_after_another(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:ada")

    for name in ("1@1", "2@1", "3@1"):
        rig.runs.await_running(name)
        rig.runs.finish(name)
    rig.runs.await_running()

    assert rig.runs.began == ["1@1", "2@1", "3@1"]


def test_customers_run_side_by_side(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob", "4:cyd")

    rig.runs.await_running("1@1", "3@1", "4@1")


def test_no_more_run_at_once_than_there_are_slots(rig: DispatcherRig) -> None:
    rig.deliver("1", "2", "3", "4", "5")
    rig.runs.await_running("1@1", "2@1", "3@1", "4@1")

    rig.runs.finish("2@1")

    rig.runs.await_running("1@1", "3@1", "4@1", "5@1")


def test_a_command_of_two_customers_waits_for_both(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob", "3:ada,bob")
    rig.runs.await_running("1@1", "2@1")

    rig.runs.finish("1@1")
    rig.runs.await_running("2@1")
    rig.runs.finish("2@1")

    rig.runs.await_running("3@1")


def test_a_retry_keeps_its_place_in_front_of_its_customer_s_later_commands(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")

    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 60))
    rig.runs.await_running("3@1")
    rig.go_on(59.0)
    rig.runs.await_running("3@1")
    rig.go_on(1.0)
    rig.runs.await_running("1@1", "3@1")
    rig.runs.finish("1@1")

    rig.runs.await_running("2@1", "3@1")


def test_a_wait_that_is_over_already_is_no_wait(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")

    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() - 60))
    rig.runs.finish("1@1")
    rig.runs.await_running()

    rig.deliver("2:ada")
    rig.runs.await_running("2@1")
    assert rig.runs.began == ["1@1", "1@1", "2@1"]


def test_a_wait_holds_no_slot(rig: DispatcherRig) -> None:
    rig.deliver(*(f"{number}:customer-{number}" for number in range(8)))
    for first in range(DispatcherRig.SLOTS):
        rig.runs.finish(f"{first}@1", verdict=Wait(rig.clock.now() + 60))

    rig.runs.await_running("4@1", "5@1", "6@1", "7@1")


def test_allow_nothing_pauses_and_what_runs_is_finished(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")

    rig.allow(0)
    rig.runs.finish("1@1", "3@1")
    rig.runs.await_running()
    rig.allow(DispatcherRig.SLOTS)

    rig.runs.await_running("2@1")


def test_a_backlog_comes_back_one_by_one_and_then_more(rig: DispatcherRig) -> None:
    rig.allow(0)
    rig.deliver(*(str(number) for number in range(9)))

    rig.allow(1)
    rig.runs.await_running("0@1")
    rig.allow(2)
    rig.runs.await_running("0@1", "1@1")
    rig.allow(99)

    rig.runs.await_running("0@1", "1@1", "2@1", "3@1")


def test_commands_that_wait_for_one_login_let_those_of_the_other_pass(rig: DispatcherRig) -> None:
    rig.allow(0)

    rig.deliver("1:ada", "2:v3 bob", "3:v3 bob", "4:ada", "5:v3 cyd")

    rig.runs.await_running("2@1", "5@1")
    rig.dispatcher.allow(ProviderLogin.V3, 0)
    rig.allow(DispatcherRig.SLOTS)
    rig.runs.finish("2@1", "5@1")
    rig.runs.await_running("1@1")
    assert rig.runs.began == ["2@1", "5@1", "1@1"]


def test_of_both_logins_what_arrived_first_is_taken_up_first(rig: DispatcherRig) -> None:
    for body in ("1", "2", "3", "4", "5:v3", "6", "7:v3"):
        rig.deliver(body)
        rig.clock.advance(1.0)
    rig.runs.await_running("1@1", "2@1", "3@1", "4@1")

    for finished, running in [("1@1", ("2@1", "3@1", "4@1", "5@1")), ("2@1", ("3@1", "4@1", "5@1", "6@1"))]:
        rig.runs.finish(finished)
        rig.runs.await_running(*running)


def test_fewer_are_allowed_than_run_and_they_may_finish(rig: DispatcherRig) -> None:
    rig.deliver("1", "2", "3", "4", "5", "6")
    rig.runs.await_running("1@1", "2@1", "3@1", "4@1")

    rig.allow(2)
    rig.runs.finish("1@1", "2@1")
    rig.runs.await_running("3@1", "4@1")
    rig.runs.finish("3@1")

    rig.runs.await_running("4@1", "5@1")


def test_what_runs_and_what_is_held_is_counted(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")
    assert (rig.dispatcher.running, rig.dispatcher.held) == (2, 1)

    rig.runs.finish("3@1", verdict=Wait(rig.clock.now() + 60))
    wait_for(lambda: rig.dispatcher.held == 2, "the retry to be held")

    assert rig.dispatcher.running == 1


def test_the_oldest_unsettled_delivery_gives_the_age(rig: DispatcherRig) -> None:
    rig.allow(0)
    assert rig.dispatcher.oldest_age() == 0.0

    rig.deliver("1:ada")
    rig.clock.advance(30.0)
    rig.deliver("2:ada")

    assert rig.dispatcher.oldest_age() == 30.0


def test_nothing_may_be_delivered_before_the_start() -> None:
    clock = FakeClock()
    unstarted = Dispatcher(1, clock, Timer(clock))

    with pytest.raises(AssertionError, match="not started"):
        unstarted.delivered(delivery(b"1:ada"))


def test_a_pause_may_begin_and_end_before_the_start() -> None:
    rig = DispatcherRig()
    rig.timer.start()
    rig.allow(0)
    rig.allow(DispatcherRig.SLOTS)
    rig.go_on(0.0)

    assert rig.timer.alive
    rig.close()


def test_a_busy_morning_keeps_every_customer_s_order(rig: DispatcherRig) -> None:
    ran: defaultdict[str, list[int]] = defaultdict(list)
    all_ran, count = threading.Event(), 40 * 10

    def run(job: Job) -> None:
        assert isinstance(job.work, Work)
        number, customer = job.work.delivery.body.decode().split(":")
        ran[customer].append(int(number))
        if sum(map(len, ran.values())) == count:
            all_ran.set()
        dispatcher.ended(job, SETTLED)

    dispatcher = Dispatcher(8, rig.clock, rig.timer)
    dispatcher.start(Stages(HeldRuns().read, lambda job: rig.threads.submit(lambda: run(job)), lambda: None))
    dispatcher.consuming(1)
    for tag in range(count):
        dispatcher.delivered(delivery(f"{tag}:customer-{tag % 40}".encode(), tag=tag))

    assert all_ran.wait(LONG)
    dispatcher.stop()
    assert all(numbers == sorted(numbers) for numbers in ran.values())
    assert len(ran) == 40
