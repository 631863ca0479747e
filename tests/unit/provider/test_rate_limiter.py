"""A steady limit: calls begin at even distances, however many threads ask."""

import threading

import pytest

from worker.errors import NotSent
from worker.provider.client import RateLimiter


class Waits(threading.Event):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note it."""
        self.seconds.append(timeout or 0.0)
        return False


def waits(per_minute: int, calls: int) -> list[float]:
    rate_limiter, never = RateLimiter(per_minute), Waits()
    rate_limiter._ended = never
    for _ in range(calls):
        rate_limiter.wait()
    return never.seconds


def test_without_a_limit_nobody_waits() -> None:
    assert waits(0, 5) == []


def test_each_call_waits_for_its_turn() -> None:
    first, second, third = waits(6, 3)

    assert first == 0.0
    assert second == pytest.approx(10.0, rel=0.1)
    assert third == pytest.approx(20.0, rel=0.1)


def test_whoever_waits_when_the_worker_ends_is_turned_away_unsent() -> None:
    rate_limiter = RateLimiter(1)
    rate_limiter.wait()
    rate_limiter.end()

    with pytest.raises(NotSent):
        rate_limiter.wait()
