"""Connections come and go: nothing runs twice at once, nothing that was given back runs, order is kept."""

import threading

from tests.unit.pipeline.stage import LONG, House
from worker.domain.work import Wait


def test_what_was_not_started_on_a_lost_connection_never_runs(house: House) -> None:
    house.deliver("1:ada", "2:ada")
    house.allow(1)
    house.deliver("3:bob")
    house.stage.await_running("1@1")

    house.dispatcher.lost(1)
    house.stage.finish("1@1")
    house.stage.await_running()
    house.dispatcher.consuming(2)
    house.deliver("9:zoe", epoch=2)

    house.stage.await_running("9@2")
    assert house.stage.began == ["1@1", "9@2"]


def test_what_still_runs_stays_in_front_of_its_own_repetition(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")

    house.reconnect(2)
    house.deliver("1:ada", "9:zoe", epoch=2)
    house.stage.await_running("1@1", "9@2")
    house.stage.finish("1@1")

    house.stage.await_running("1@2", "9@2")


def test_it_stays_in_front_however_many_connections_are_lost_meanwhile(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")

    for epoch in (2, 3, 4):
        house.reconnect(epoch)
        house.deliver("1:ada", f"{epoch}:zoe-{epoch}", epoch=epoch)
        house.stage.await_running("1@1", *(f"{earlier}@{earlier}" for earlier in range(2, epoch + 1)))
    house.stage.finish("1@1")

    house.stage.await_running("2@2", "3@3", "4@4", "1@4")


def test_a_command_of_a_lost_connection_that_must_be_tried_again_leaves_that_to_its_repetition(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    house.reconnect(2)
    house.deliver("1:ada", epoch=2)

    house.stage.finish("1@1", verdict=Wait(house.clock.now() + 60))

    house.stage.await_running("1@2")
    house.go_on(60.0)
    assert house.stage.began == ["1@1", "1@2"]


def test_a_retry_that_waits_is_dropped_with_its_connection(house: House) -> None:
    house.deliver("1:ada", "2:bob")
    house.stage.await_running("1@1", "2@1")
    house.stage.finish("1@1", verdict=Wait(house.clock.now() + 60))
    house.stage.await_running("2@1")
    # Once this one runs, the thread that ran the first has handed it to the timer.
    house.deliver("3:cyd", "4:dan", "5:eve")
    house.stage.await_running("2@1", "3@1", "4@1", "5@1")

    house.reconnect(2)
    house.go_on(60.0)
    house.stage.finish("2@1", "3@1", "4@1", "5@1")
    house.stage.await_running()

    assert house.stage.began.count("1@1") == 1


def test_the_end_of_an_older_connection_is_old_news(house: House) -> None:
    house.reconnect(2)
    house.deliver("1:ada", "2:ada", epoch=2)
    house.stage.await_running("1@2")

    house.dispatcher.lost(1)
    house.stage.finish("1@2")

    house.stage.await_running("2@2")


def test_after_a_loss_nothing_is_held_and_what_runs_still_counts(house: House) -> None:
    house.deliver("1:ada", "2:ada", "3:bob")
    house.stage.await_running("1@1", "3@1")
    assert (house.dispatcher.running, house.dispatcher.held) == (2, 1)

    house.dispatcher.lost(1)

    assert (house.dispatcher.running, house.dispatcher.held) == (2, 0)
    assert house.dispatcher.oldest_age() == 0.0


def test_quiesce_calls_back_at_once_when_nothing_runs(house: House) -> None:
    idle = threading.Event()

    house.dispatcher.quiesce(idle.set)

    assert idle.is_set()


def test_quiesce_calls_back_when_the_last_one_has_ended_and_takes_nothing_up(house: House) -> None:
    idle = threading.Event()
    house.deliver("1:ada", "2:ada", "3:bob")
    house.stage.await_running("1@1", "3@1")

    house.dispatcher.quiesce(idle.set)
    house.stage.finish("1@1")
    house.stage.await_running("3@1")
    assert not idle.is_set()
    house.stage.finish("3@1")

    assert idle.wait(LONG)
    assert sorted(house.stage.began) == ["1@1", "3@1"]


def test_work_goes_on_with_the_next_connection(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    house.dispatcher.quiesce(lambda: house.reconnect(2))
    house.stage.finish("1@1")
    house.stage.await_running()

    house.deliver("2:ada", epoch=2)

    house.stage.await_running("2@2")


def test_who_quiesces_is_called_once(house: House) -> None:
    calls: list[str] = []
    house.dispatcher.quiesce(lambda: calls.append("idle"))
    house.dispatcher.quiesce(lambda: calls.append("again"))
    house.reconnect(2)

    house.deliver("1:ada", epoch=2)
    house.stage.await_running("1@2")
    house.stage.finish("1@2")
    house.stage.await_running()

    assert calls == ["idle"]


def test_a_drain_is_for_good(house: House) -> None:
    idle = threading.Event()
    house.deliver("1:ada", "2:ada")
    house.stage.await_running("1@1")

    house.dispatcher.drain(idle.set)
    house.reconnect(2)
    house.allow(House.SLOTS)
    house.deliver("3:bob", epoch=2)
    house.stage.finish("1@1")

    assert idle.wait(LONG)
    assert house.stage.began == ["1@1"]


def test_a_window_that_is_given_back_meanwhile_does_not_take_the_drain_s_call(house: House) -> None:
    drained, given_back = threading.Event(), threading.Event()
    house.deliver("1:ada")
    house.stage.await_running("1@1")

    house.dispatcher.drain(drained.set)
    house.dispatcher.quiesce(given_back.set)
    house.stage.finish("1@1")

    assert drained.wait(LONG)
    assert not given_back.is_set()


def test_a_drain_takes_the_call_of_a_window_that_was_being_given_back(house: House) -> None:
    drained = threading.Event()
    house.deliver("1:ada")
    house.stage.await_running("1@1")

    house.dispatcher.quiesce(lambda: None)
    house.dispatcher.drain(drained.set)
    house.stage.finish("1@1")

    assert drained.wait(LONG)
