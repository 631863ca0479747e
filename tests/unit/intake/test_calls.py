"""What the last calls say about the provider: the exact thresholds, and whose a failure was."""

import pytest

from worker.domain.retry_policy import Blame
from worker.intake.circuit_breaker import CallWindow

FAILED_AT = 100.0
LATER = 101.0


def calls(failed: int, customers: int, succeeded: int = 0) -> CallWindow:
    made = CallWindow()
    for number in range(failed):
        made.failed(f"customer:{number % customers}")
    for number in range(succeeded):
        made.succeeded(f"customer:{number}", LATER)
    return made


@pytest.mark.parametrize(
    ("failed", "customers", "succeeded", "trips"),
    [
        (9, 3, 11, False),
        (10, 3, 10, True),
        (10, 2, 10, False),
        (20, 2, 0, False),
        (20, 20, 0, True),
        (9, 9, 0, False),
        (10, 3, 0, True),
        (10, 3, 11, False),
    ],
    ids=[
        "9 of 20",
        "10 of 20 over three",
        "10 of 20 over two",
        "all over two",
        "all over twenty",
        "9 and nothing ever succeeded",
        "10 over three and nothing ever succeeded",
        "the oldest of 21 is forgotten",
    ],
)
def test_half_of_twenty_over_three_customers(failed: int, customers: int, succeeded: int, *, trips: bool) -> None:
    assert calls(failed, customers, succeeded).too_many_failed is trips


def test_only_customers_that_failed_are_counted() -> None:
    made = calls(10, 2)
    for number in range(2, 10):
        made.succeeded(f"customer:{number}", LATER)

    assert not made.too_many_failed


def test_one_bad_spell_does_not_stop_twice() -> None:
    made = calls(10, 3)

    made.forget()

    assert not made.too_many_failed


def test_after_the_probe_s_success_whether_to_stop_is_asked_anew() -> None:
    made = calls(10, 3)

    made.probe_succeeded(LATER)

    assert not made.too_many_failed


def test_when_anybody_was_last_answered_the_probe_too() -> None:
    made = CallWindow()
    assert made.well_at is None

    made.probe_succeeded(1.0)
    assert made.well_at == 1.0
    made.succeeded("ada", 2.0)
    assert made.well_at == 2.0
    made.probe_succeeded(3.0)

    assert made.well_at == 3.0


def test_nobody_s_fault_is_known_before_the_first_answer() -> None:
    assert calls(3, 3).blame("ada", FAILED_AT) is Blame.OPEN


@pytest.mark.parametrize(
    ("answered", "blame"),
    [
        ([], Blame.OPEN),
        ([("ada", LATER)], Blame.OPEN),
        ([("bob", FAILED_AT - 1)], Blame.OPEN),
        ([("bob", FAILED_AT)], Blame.OPEN),
        ([("bob", LATER)], Blame.COMMAND),
        ([("bob", LATER), ("ada", LATER + 1)], Blame.COMMAND),
        ([("bob", FAILED_AT - 1), ("ada", LATER)], Blame.OPEN),
    ],
    ids=["nobody", "itself", "before", "at once", "another later", "another and itself", "another before"],
)
def test_another_customer_answered_since_then_is_the_proof(answered: list[tuple[str, float]], blame: Blame) -> None:
    made = CallWindow()
    made.failed("ada")
    for customer, at in answered:
        made.succeeded(customer, at)

    assert made.blame("ada", FAILED_AT) is blame


@pytest.mark.parametrize(
    ("failed", "customers", "blame"),
    [(4, 2, Blame.COMMAND), (5, 2, Blame.PROVIDER), (5, 1, Blame.COMMAND), (16, 1, Blame.COMMAND)],
)
def test_one_success_proves_nothing_while_a_quarter_of_the_others_calls_fail(
    failed: int, customers: int, blame: Blame
) -> None:
    made = calls(failed, customers, succeeded=20 - failed)

    assert made.blame("ada", FAILED_AT) is blame


def test_its_own_failures_do_not_excuse_it() -> None:
    made = CallWindow()
    for _ in range(18):
        made.failed("ada")
    made.succeeded("bob", LATER)

    assert made.blame("ada", FAILED_AT) is Blame.COMMAND


@pytest.mark.parametrize(
    ("probes", "blame"),
    [
        ([True], Blame.COMMAND),
        ([False, True, True, True, True], Blame.OPEN),
        ([False, True, True, True, True, True], Blame.COMMAND),
        ([True] * 5, Blame.COMMAND),
    ],
    ids=["the first", "one of five failed", "one of six failed", "all"],
)
def test_the_probe_is_believed_when_none_of_its_last_five_failed(probes: list[bool], blame: Blame) -> None:
    made = CallWindow()
    for well in probes:
        if well:
            made.probe_succeeded(LATER)
        else:
            made.probe_failed(FAILED_AT - 50)

    assert made.blame("ada", FAILED_AT) is blame


@pytest.mark.parametrize(("customers", "blame"), [(9, Blame.COMMAND), (10, Blame.PROVIDER)])
def test_the_probe_proves_nothing_against_ten_customers(customers: int, blame: Blame) -> None:
    made = calls(customers, customers)
    made.probe_succeeded(LATER)

    assert made.blame("ada", FAILED_AT) is blame


@pytest.mark.parametrize(
    ("failed_at", "blame"),
    [(FAILED_AT - 1, Blame.COMMAND), (FAILED_AT, Blame.PROVIDER), (LATER, Blame.PROVIDER)],
)
def test_a_probe_that_failed_since_then_takes_the_blame_off_the_command(failed_at: float, blame: Blame) -> None:
    made = CallWindow()
    made.probe_failed(failed_at)
    made.succeeded("bob", LATER + 1)

    assert made.blame("ada", FAILED_AT) is blame
