"""A look at the broker ends in time."""

import threading

import pytest

from worker.broker.diagnose.checkup import within
from worker.errors import BrokerUnreachable, TopologyMismatch


def test_what_takes_too_long_is_left_behind() -> None:
    never = threading.Event()

    with pytest.raises(BrokerUnreachable, match=r"no whole answer within 0\.01 s"):
        within(0.01, never.wait)

    never.set()


def test_what_is_answered_or_raised_in_time_is_handed_on() -> None:
    def refuse() -> None:
        raise TopologyMismatch("not as it must be")

    assert within(10.0, lambda: 7) == 7
    with pytest.raises(TopologyMismatch, match="not as it must be"):
        within(10.0, refuse)
