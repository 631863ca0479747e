"""What the benchmark writes of its figures."""

from dataclasses import replace

from bench import report
from bench.systems import CASES, NAIVE, SYSTEMS, WORKER
from tests.unit.bench.given import results, run_of


def test_each_case_has_a_row_for_each_system_with_what_it_lacks() -> None:
    lines = report.report(results(400.0)).splitlines()

    for system in SYSTEMS:
        assert sum(line.startswith(f"| {system.name} |") and system.lacks in line for line in lines) == len(CASES)


def test_a_row_has_all_figures() -> None:
    lines = report.report(results(400.0)).splitlines()

    row = next(line for line in lines if line.startswith(f"| {NAIVE.name} |"))
    assert row.startswith("| naive loop | 400 | 2.00 | 1.10 | 1.00 | 5.5 | 96 | 0.75 | 4 / 20 / - |")


def test_several_rounds_are_shown_as_median_and_spread() -> None:
    assert "550 (500-800)" in report.report(results(550.0, 800.0, 500.0))


def test_a_system_without_a_run_that_counts_has_no_row_and_the_remark_says_why() -> None:
    alone = replace(results(400.0), runs=[run_of(WORKER, CASES[0], 900.0)])

    text = report.report(alone)

    assert "| naive loop |" not in text
    assert "- Without nobody." in text


def test_figures_of_a_busy_machine_say_so() -> None:
    quiet = results(400.0)
    busy = replace(quiet, conditions=replace(quiet.conditions, load=7.5))

    assert "Other programs had the machine too" in report.report(busy)
    assert "Other programs" not in report.report(quiet)


def test_a_curve_has_a_row_for_each_size() -> None:
    text = report.growth(results(400.0), {"customers": ("Customers", "customers")})

    assert "| 100 | 800 | 1.00 | 95 |" in text
