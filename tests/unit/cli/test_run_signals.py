"""A signal that stops the worker, at whichever moment it comes."""

import signal
import threading
from collections.abc import Iterator

import pytest

from worker.cli.commands.run import _stop_on_signals

pytestmark = pytest.mark.usefixtures("listening_terminal")


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """The event that a run waits for, with the run's own handlers in place."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    event = threading.Event()
    _stop_on_signals(event)
    yield event
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(60)
def test_a_signal_that_comes_while_the_main_thread_holds_the_events_own_lock_does_not_hang_it(
    stop: threading.Event,
) -> None:
    # So it does for a moment at the beginning and at the end of each wait.
    with stop._cond:  # type: ignore[attr-defined]  # no public way leads into that moment
        signal.raise_signal(signal.SIGTERM)

    assert stop.wait(60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_of_the_signals_stops_it(stop: threading.Event, number: signal.Signals) -> None:
    signal.raise_signal(number)

    assert stop.wait(60)


def test_a_worker_that_nohup_started_outlives_its_terminal() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _stop_on_signals(threading.Event())

        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
