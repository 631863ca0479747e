"""What the fault experiments publish has each kind of trouble in it, whatever is drawn."""

import random

import pytest

from tests.fault.experiments.workload import write_workload


@pytest.mark.parametrize("seed", range(100))
def test_a_short_workload_has_a_repeat_a_failure_and_a_message_that_is_none(seed: int) -> None:
    workload = write_workload(60, random.Random(seed))  # noqa: S311 - no secret

    assert workload.failing
    assert workload.poison
    assert len(workload.messages) > len(workload.commands) + len(workload.poison)
