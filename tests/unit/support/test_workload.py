"""What the fault experiments publish has each kind of trouble in it, whatever is drawn."""

import random

import pytest

from tests.fault.experiments.running import parts_of
from tests.fault.experiments.workload import write_workload
from tests.support.commands import Command


@pytest.mark.parametrize("seed", range(100))
def test_a_short_workload_has_a_repeat_a_failure_and_a_message_that_is_none(seed: int) -> None:
    workload = write_workload(60, random.Random(seed))  # noqa: S311 - no secret

    assert workload.failing
    assert workload.poison
    assert len(workload.messages) > len(workload.commands) + len(workload.poison)


@pytest.mark.parametrize("count", [60, 120])
@pytest.mark.parametrize("trouble", [1.0, 4.0, 8.0])
@pytest.mark.parametrize("seed", range(50))
def test_one_of_each_failure_and_a_message_that_is_none_come_while_it_is_broken(
    seed: int, trouble: float, count: int
) -> None:
    workload = write_workload(count, random.Random(seed), trouble)  # noqa: S311 - no secret

    # What is published before a fault strikes may be done by then.
    _before, _first, *pieces, _after = parts_of(workload)
    struck = [message for piece in pieces for message in piece]
    failing = [message for message in struck if isinstance(message, Command) and message.id in workload.failing]
    assert {command.type for command in failing} == {"DisableCustomer", "CreateCustomer"}
    assert workload.poison & {message.body for message in struck if not isinstance(message, Command)}
