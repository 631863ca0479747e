"""The wait before the next attempt."""

from worker.broker.connection.loop import ReconnectBackoff


def highest(low: float, high: float) -> float:
    assert low <= high
    return high


def test_the_range_doubles_up_to_its_ceiling() -> None:
    backoff = ReconnectBackoff(highest)

    waits = [backoff.next_seconds() for _ in range(9)]

    assert waits == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0, 15.0]


def test_the_wait_is_drawn_from_the_whole_range() -> None:
    backoff = ReconnectBackoff(lambda low, _high: low)

    assert [backoff.next_seconds() for _ in range(3)] == [0.2, 0.2, 0.2]


def test_a_connection_that_lasted_begins_at_the_floor_again() -> None:
    backoff = ReconnectBackoff(highest)
    backoff.next_seconds()
    backoff.next_seconds()

    backoff.worked_for(5.0)

    assert backoff.next_seconds() == 0.4


def test_a_connection_that_ends_at_once_does_not() -> None:
    backoff = ReconnectBackoff(highest)
    backoff.next_seconds()

    backoff.worked_for(0.1)

    assert backoff.next_seconds() == 0.8


def test_a_thousand_failures_still_give_a_number() -> None:
    assert ReconnectBackoff(highest, failures=1_000_000).next_seconds() == 15.0
