"""Connections come and go: nothing runs twice at once, nothing that was given back runs, order is kept."""

import threading

from tests.unit.pipeline.dispatcher_rig import LONG, DispatcherRig
from worker.domain.work import Wait


def test_what_was_not_started_on_a_lost_connection_never_runs(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada")
    rig.allow(1)
    rig.deliver("3:bob")
    rig.runs.await_running("1@1")

    rig.dispatcher.lost(1)
    rig.runs.finish("1@1")
    rig.runs.await_running()
    rig.dispatcher.consuming(2)
    rig.deliver("9:zoe", epoch=2)

    rig.runs.await_running("9@2")
    assert rig.runs.began == ["1@1", "9@2"]


def test_what_still_runs_stays_in_front_of_its_own_repetition(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")

    rig.reconnect(2)
    rig.deliver("1:ada", "9:zoe", epoch=2)
    rig.runs.await_running("1@1", "9@2")
    rig.runs.finish("1@1")

    rig.runs.await_running("1@2", "9@2")


def test_it_stays_in_front_however_many_connections_are_lost_meanwhile(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")

    for epoch in (2, 3, 4):
        rig.reconnect(epoch)
        rig.deliver("1:ada", f"{epoch}:zoe-{epoch}", epoch=epoch)
        rig.runs.await_running("1@1", *(f"{earlier}@{earlier}" for earlier in range(2, epoch + 1)))
    rig.runs.finish("1@1")

    rig.runs.await_running("2@2", "3@3", "4@4", "1@4")


def test_a_command_of_a_lost_connection_that_must_be_tried_again_leaves_that_to_its_repetition(
    rig: DispatcherRig,
) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    rig.reconnect(2)
    rig.deliver("1:ada", epoch=2)

    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 60))

    rig.runs.await_running("1@2")
    rig.go_on(60.0)
    assert rig.runs.began == ["1@1", "1@2"]


def test_a_retry_that_waits_is_dropped_with_its_connection(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob")
    rig.runs.await_running("1@1", "2@1")
    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 60))
    rig.runs.await_running("2@1")
    # Once this one runs, the thread that ran the first has handed it to the timer.
    rig.deliver("3:cyd", "4:dan", "5:eve")
    rig.runs.await_running("2@1", "3@1", "4@1", "5@1")

    rig.reconnect(2)
    rig.go_on(60.0)
    rig.runs.finish("2@1", "3@1", "4@1", "5@1")
    rig.runs.await_running()

    assert rig.runs.began.count("1@1") == 1


def test_the_end_of_an_older_connection_is_old_news(rig: DispatcherRig) -> None:
    rig.reconnect(2)
    rig.deliver("1:ada", "2:ada", epoch=2)
    rig.runs.await_running("1@2")

    rig.dispatcher.lost(1)
    rig.runs.finish("1@2")

    rig.runs.await_running("2@2")


def test_after_a_loss_nothing_is_held_and_what_runs_still_counts(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")
    assert (rig.dispatcher.running, rig.dispatcher.held) == (2, 1)

    rig.dispatcher.lost(1)

    assert (rig.dispatcher.running, rig.dispatcher.held) == (2, 0)
    assert rig.dispatcher.oldest_age() == 0.0


def test_quiesce_calls_back_at_once_when_nothing_runs(rig: DispatcherRig) -> None:
    idle = threading.Event()

    rig.dispatcher.quiesce(idle.set)

    assert idle.is_set()


def test_quiesce_calls_back_when_the_last_one_has_ended_and_takes_nothing_up(rig: DispatcherRig) -> None:
    idle = threading.Event()
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")

    rig.dispatcher.quiesce(idle.set)
    rig.runs.finish("1@1")
    rig.runs.await_running("3@1")
    assert not idle.is_set()
    rig.runs.finish("3@1")

    assert idle.wait(LONG)
    assert sorted(rig.runs.began) == ["1@1", "3@1"]


def test_work_goes_on_with_the_next_connection(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    rig.dispatcher.quiesce(lambda: rig.reconnect(2))
    rig.runs.finish("1@1")
    rig.runs.await_running()

    rig.deliver("2:ada", epoch=2)

    rig.runs.await_running("2@2")


def test_who_quiesces_is_called_once(rig: DispatcherRig) -> None:
    calls: list[str] = []
    rig.dispatcher.quiesce(lambda: calls.append("idle"))
    rig.dispatcher.quiesce(lambda: calls.append("again"))
    rig.reconnect(2)

    rig.deliver("1:ada", epoch=2)
    rig.runs.await_running("1@2")
    rig.runs.finish("1@2")
    rig.runs.await_running()

    assert calls == ["idle"]


def test_a_drain_is_for_good(rig: DispatcherRig) -> None:
    idle = threading.Event()
    rig.deliver("1:ada", "2:ada")
    rig.runs.await_running("1@1")

    rig.dispatcher.drain(idle.set)
    rig.reconnect(2)
    rig.allow(DispatcherRig.SLOTS)
    rig.deliver("3:bob", epoch=2)
    rig.runs.finish("1@1")

    assert idle.wait(LONG)
    assert rig.runs.began == ["1@1"]


def test_a_window_that_is_given_back_meanwhile_does_not_take_the_drain_s_call(rig: DispatcherRig) -> None:
    drained, given_back = threading.Event(), threading.Event()
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")

    rig.dispatcher.drain(drained.set)
    rig.dispatcher.quiesce(given_back.set)
    rig.runs.finish("1@1")

    assert drained.wait(LONG)
    assert not given_back.is_set()


def test_a_drain_takes_the_call_of_a_window_that_was_being_given_back(rig: DispatcherRig) -> None:
    drained = threading.Event()
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")

    rig.dispatcher.quiesce(lambda: None)
    rig.dispatcher.drain(drained.set)
    rig.runs.finish("1@1")

    assert drained.wait(LONG)
