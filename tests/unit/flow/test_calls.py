"""What the last calls say about the provider: the exact thresholds, and who proves what for whom."""

import pytest

from worker.flow.calls import Calls


def calls(failed: int, customers: int, succeeded: int = 0) -> Calls:
    made = Calls()
    for number in range(failed):
        made.failed(f"customer:{number % customers}")
    for number in range(succeeded):
        made.succeeded(f"customer:{number}", 1.0)
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
        made.succeeded(f"customer:{number}", 1.0)

    assert not made.too_many_failed


def test_one_bad_spell_is_not_counted_twice() -> None:
    made = calls(10, 3)

    made.forget()

    assert not made.too_many_failed


def test_the_probe_s_success_gives_a_clean_sheet() -> None:
    made = calls(10, 3)

    made.probe_succeeded(5.0)

    assert not made.too_many_failed
    assert (made.well_at, made.well_for_others_at("customer:1")) == (5.0, 5.0)


def test_nobody_proves_anything_before_the_first_answer() -> None:
    made = calls(3, 3)

    assert made.well_at is None
    assert made.well_for_others_at("ada") is None


def test_a_customer_s_own_success_proves_nothing_for_itself() -> None:
    made = Calls()
    made.succeeded("ada", 1.0)
    made.succeeded("ada", 2.0)

    assert made.well_for_others_at("ada") is None
    assert made.well_for_others_at("bob") == 2.0


def test_the_newest_success_of_somebody_else_counts() -> None:
    made = Calls()
    for at, customer in enumerate(["ada", "bob", "bob", "ada", "cyd", "ada"], start=1):
        made.succeeded(customer, float(at))

    assert made.well_for_others_at("ada") == 5.0
    assert made.well_for_others_at("bob") == 6.0
    assert made.well_for_others_at("cyd") == 6.0


def test_the_probe_proves_for_everybody_also_for_those_that_name_no_customer() -> None:
    made = Calls()
    made.succeeded("", 1.0)
    made.probe_succeeded(2.0)
    made.succeeded("ada", 3.0)

    assert made.well_for_others_at("") == 3.0
    assert made.well_for_others_at("ada") == 2.0
