"""Which calls a fault befalls."""

import pytest
from pydantic import ValidationError

from sandbox.provider.faults import ErrorShape, Fault, FaultRule, Faults, Garble, ThrottleHeaders
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


def test_a_rule_for_one_nth_call_befalls_that_one_and_is_over(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, operation=Operation.ADD, nth=3)])

    assert befallen(faults, 2, Operation.ENABLE) == []
    assert befallen(faults, 2) == []
    assert [armed.met for armed in faults.armed] == [2]
    assert befallen(faults, 5) == [1]
    assert faults.armed == ()


def test_a_rule_for_one_nth_call_is_over_after_it_even_when_chance_spared_it(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.ERROR_500, nth=2, probability=0)])

    assert befallen(faults, 4) == []
    assert faults.armed == ()


def test_an_nth_call_is_counted_among_those_that_no_older_rule_befell(faults: Faults) -> None:
    faults.add([FaultRule(fault=Fault.HTML, nth=1), FaultRule(fault=Fault.EMPTY, nth=1)])

    drawn = [faults.draw(Operation.ADD, "u") for _ in range(3)]

    assert [rule and rule.fault for rule in drawn] == [Fault.HTML, Fault.EMPTY, None]


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


USUALLY_APPLIED = {
    Fault.APPLY_THEN_DROP,
    Fault.RESET,
    Fault.SLOW,
    Fault.HELD,
    Fault.TRUNCATED,
    Fault.HUGE,
    Fault.DRIP,
    Fault.EARLY_HINTS,
}
EITHER = {Fault.RESET, Fault.ERROR_500, Fault.THROTTLED, Fault.HTML, Fault.EMPTY, Fault.GARBLED, Fault.HUGE}


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_applies_the_call_or_does_not_and_some_may_be_reported(fault: Fault) -> None:
    assert FaultRule(fault=fault).is_applied is (fault in USUALLY_APPLIED)

    for applied in (False, True):
        if fault in EITHER:
            assert FaultRule(fault=fault, applied=applied).is_applied is applied
        else:
            with pytest.raises(ValidationError, match="Leave out applied"):
                FaultRule(fault=fault, applied=applied)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.ERROR_500, 503),
        (Fault.REFUSED, 200),
        (Fault.REFUSED, 422),
        (Fault.REDIRECT, 308),
        (Fault.HTML, 403),
        (Fault.EMPTY, 204),
        (Fault.EARLY_HINTS, 102),
    ],
)
def test_a_status_is_one_that_the_fault_can_have(fault: Fault, status: int) -> None:
    assert FaultRule(fault=fault, status=status).status_or_usual == status


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.ERROR_500, 404),
        (Fault.REFUSED, 500),
        (Fault.REDIRECT, 304),
        (Fault.SLOW, 200),
        (Fault.THROTTLED, 503),
        (Fault.EARLY_HINTS, 101),
    ],
)
def test_any_other_status_is_refused(fault: Fault, status: int) -> None:
    with pytest.raises(ValidationError, match="Leave out status"):
        FaultRule(fault=fault, status=status)


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("byte_seconds", 0.1, Fault.DRIP),
        ("body_bytes", 5, Fault.HUGE),
        ("garble", Garble.NULL, Fault.GARBLED),
        ("error_shape", ErrorShape.UNF, Fault.REFUSED),
        ("text", "no", Fault.REFUSED),
        ("location", "/there", Fault.REDIRECT),
        ("headers", ThrottleHeaders(), Fault.THROTTLED),
    ],
)
def test_what_only_one_fault_heeds_is_refused_for_the_others(name: str, value: object, fault: Fault) -> None:
    assert getattr(FaultRule.model_validate({"fault": fault, name: value}), name) == value

    with pytest.raises(ValidationError, match=f"Leave out {name}: it is for {fault} alone"):
        FaultRule.model_validate({"fault": Fault.SLOW, name: value})


def test_nth_and_every_are_not_given_together() -> None:
    with pytest.raises(ValidationError, match="Leave out nth or every"):
        FaultRule(fault=Fault.OUTAGE, nth=2, every=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "explode"},
        {"fault": "html", "operation": "create"},
        {"fault": "html", "time": 1},
        {"fault": "html", "nth": 0},
        {"fault": "redirect", "location": "/a\r\nSet-Cookie: b"},
    ],
)
def test_a_rule_that_is_misspelled_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FaultRule.model_validate(wrong)
