"""The window is given back before the broker takes it, and not while something still runs."""

import threading

import pytest

from tests.unit.pipeline.dispatcher_rig import LONG, DispatcherRig
from worker.pipeline.scheduling.window import HoldWindow

HOLD = 600.0


@pytest.fixture
def given_back(rig: DispatcherRig) -> threading.Event:
    given_back = threading.Event()
    HoldWindow(rig.dispatcher, given_back.set, HOLD, rig.timer).start()
    return given_back


def test_a_window_that_grows_too_old_is_given_back(rig: DispatcherRig, given_back: threading.Event) -> None:
    rig.allow(0)
    rig.deliver("1:ada")

    rig.go_on(HOLD - 1.0)
    assert not given_back.is_set()
    rig.go_on(5.0)

    assert given_back.wait(LONG)


def test_what_runs_may_finish_first(rig: DispatcherRig, given_back: threading.Event) -> None:
    rig.deliver("1:ada", "2:ada")
    rig.runs.await_running("1@1")

    rig.go_on(HOLD)
    assert not given_back.is_set()
    rig.runs.finish("1@1")

    assert given_back.wait(LONG)
    assert rig.runs.began == ["1@1"]


def test_an_empty_window_is_kept(rig: DispatcherRig, given_back: threading.Event) -> None:
    rig.go_on(HOLD * 10)

    assert not given_back.is_set()


def test_it_goes_on_looking(rig: DispatcherRig, given_back: threading.Event) -> None:
    for epoch in (2, 3):
        rig.allow(0)
        rig.deliver("1:ada", epoch=epoch - 1)
        rig.go_on(HOLD)
        assert given_back.wait(LONG)
        given_back.clear()
        rig.reconnect(epoch)
        rig.go_on(5.0)

    assert not given_back.is_set()
