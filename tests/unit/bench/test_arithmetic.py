"""The figures that are made of figures."""

import pytest

from bench.arithmetic import percentile, ratios, spread


def test_a_spread_has_the_least_the_median_and_the_most() -> None:
    assert spread([550.0, 800.0, 500.0]).text(".0f") == "550 (500-800)"


def test_a_spread_that_looks_like_one_figure_is_written_as_one() -> None:
    assert spread([1.04, 1.0, 0.96]).text(".0f") == "1"


def test_a_ratio_is_between_runs_of_one_round() -> None:
    assert ratios({1: 600.0, 2: 300.0}, {1: 400.0, 2: 100.0}) == [1.5, 3.0]


def test_a_round_that_one_of_them_is_missing_in_does_not_count() -> None:
    assert ratios({1: 600.0, 2: 300.0, 3: 10.0}, {2: 100.0, 4: 1.0}) == [3.0]


@pytest.mark.parametrize(("hundredth", "expected"), [(50, 100), (95, 190), (99, 198)])
def test_a_percentile_is_the_nearest_rank(hundredth: int, expected: int) -> None:
    assert percentile(range(1, 201), hundredth) == expected


@pytest.mark.parametrize(("hundredth", "fewest"), [(50, 2), (95, 20), (99, 100)])
def test_a_percentile_of_too_few_figures_is_none(hundredth: int, fewest: int) -> None:
    assert percentile(range(fewest), hundredth) is not None
    assert percentile(range(fewest - 1), hundredth) is None
