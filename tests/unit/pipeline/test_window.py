"""The window is given back before the broker takes it, and not while something still runs."""

import threading

import pytest

from tests.unit.pipeline.stage import LONG, House
from worker.pipeline.scheduling.window import HoldWindow

HOLD = 600.0


@pytest.fixture
def given_back(house: House) -> threading.Event:
    given_back = threading.Event()
    HoldWindow(house.dispatcher, given_back.set, HOLD, house.timer).start()
    return given_back


def test_a_window_that_grows_too_old_is_given_back(house: House, given_back: threading.Event) -> None:
    house.allow(0)
    house.deliver("1:ada")

    house.go_on(HOLD - 1.0)
    assert not given_back.is_set()
    house.go_on(5.0)

    assert given_back.wait(LONG)


def test_what_runs_may_finish_first(house: House, given_back: threading.Event) -> None:
    house.deliver("1:ada", "2:ada")
    house.stage.await_running("1@1")

    house.go_on(HOLD)
    assert not given_back.is_set()
    house.stage.finish("1@1")

    assert given_back.wait(LONG)
    assert house.stage.began == ["1@1"]


def test_an_empty_window_is_kept(house: House, given_back: threading.Event) -> None:
    house.go_on(HOLD * 10)

    assert not given_back.is_set()


def test_it_goes_on_looking(house: House, given_back: threading.Event) -> None:
    for epoch in (2, 3):
        house.allow(0)
        house.deliver("1:ada", epoch=epoch - 1)
        house.go_on(HOLD)
        assert given_back.wait(LONG)
        given_back.clear()
        house.reconnect(epoch)
        house.go_on(5.0)

    assert not given_back.is_set()
