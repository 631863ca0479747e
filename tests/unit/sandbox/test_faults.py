"""Which calls a fault befalls."""

import pytest
from pydantic import ValidationError

from sandbox.provider.faults import Fault, FaultRule, Faults
from sandbox.provider.operations.calls import Operation


def befallen(faults: Faults, calls: int, operation: Operation = Operation.ADD, username: str = "u") -> list[int]:
    """The numbers, from 1, of the calls that went wrong."""
    return [number for number in range(1, calls + 1) if faults.draw(operation, username) is not None]


@pytest.fixture
def now() -> list[float]:
    """One monotonic second that a test may replace."""
    return [0.0]


@pytest.fixture
def faults(now: list[float]) -> Faults:
    return Faults(lambda: now[0])


def test_a_rule_without_conditions_befalls_every_call_until_it_is_taken_away(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.OUTAGE)])
    assert befallen(faults, 3) == [1, 2, 3]

    faults.clear()
    assert befallen(faults, 3) == []


def test_a_rule_for_the_next_calls_ends_by_itself(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, times=2)])

    assert befallen(faults, 4) == [1, 2]
    assert faults.armed == ()


def test_a_rule_for_each_nth_call_spares_the_others(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, every=3)])

    assert befallen(faults, 7) == [3, 6]


def test_every_and_times_together_pick_one_later_call(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, every=3, times=1)])

    assert befallen(faults, 9) == [3]


def test_a_rule_for_an_operation_and_a_customer_neither_befalls_nor_counts_others(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, operation=Operation.ADD, username="U", every=2)])

    assert befallen(faults, 4, Operation.ENABLE) == []
    assert befallen(faults, 4, username="v") == []
    assert befallen(faults, 4) == [2, 4]


def test_a_probability_draws_the_same_calls_from_the_same_seed(now: list[float]) -> None:
    runs = []
    for seed in (1, 1, 2):
        faults = Faults(lambda: now[0])
        faults.add([FaultRule(fault=Fault.ERROR_500, probability=0.3, seed=seed)])
        runs.append(befallen(faults, 200))

    assert runs[0] == runs[1] != runs[2]
    assert 30 < len(runs[0]) < 90


def test_a_window_of_seconds_closes(faults: Faults, now: list[float]) -> None:
    faults.add([FaultRule(fault=Fault.OUTAGE, for_seconds=5)])
    assert befallen(faults, 2) == [1, 2]

    now[0] = 5.0
    assert befallen(faults, 2) == []


def test_the_oldest_rule_that_befalls_a_call_is_its_only_one(faults: Faults) -> None:
    first, second = FaultRule(fault=Fault.HTML, times=1), FaultRule(fault=Fault.ERROR_500, times=1)
    faults.add([first])
    faults.add([second])

    assert [faults.draw(Operation.ADD, "u") for _ in range(3)] == [first, second, None]


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.THROTTLED, Fault.HTML])
def test_some_faults_may_be_told_to_apply(fault: Fault) -> None:
    assert not FaultRule(fault=fault).is_applied
    assert FaultRule(fault=fault, applied=True).is_applied


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.OUTAGE, Fault.APPLY_THEN_DROP, Fault.SLOW])
def test_the_other_faults_may_not(fault: Fault) -> None:
    with pytest.raises(ValidationError, match="Leave out applied"):
        FaultRule(fault=fault, applied=True)


@pytest.mark.parametrize(
    "wrong", [{"fault": "explode"}, {"fault": "html", "operation": "create"}, {"fault": "html", "time": 1}]
)
def test_a_rule_that_is_misspelled_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FaultRule.model_validate(wrong)
