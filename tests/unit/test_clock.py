"""The time of day never goes back within one process, and follows the machine ahead."""

import time

import pytest

from worker.clock import SystemClock

HOUR = 3600.0


def test_it_goes_on_from_where_it_was_when_the_machine_s_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall, monotonic = SystemClock(), time.time(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: wall)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic)
    assert clock.now() == pytest.approx(wall)

    monkeypatch.setattr(time, "time", lambda: wall - HOUR + 5)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic + 5)

    assert clock.now() == pytest.approx(wall + 5)


def test_it_follows_at_once_when_the_machine_has_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall = SystemClock(), time.time()
    clock.now()

    monkeypatch.setattr(time, "time", lambda: wall + HOUR)

    assert clock.now() == pytest.approx(wall + HOUR, abs=60)
