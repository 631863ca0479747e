"""What the benchmark prints of its figures."""

from bench import report
from bench.contest import HEATS, Competitor
from bench.figures import Figures


def measured(*worker_rates: float) -> report.Results:
    naive = [Figures(400.0, 1.1, 32 << 20)] * len(worker_rates)
    worker = [Figures(rate, 0.9, 96 << 20) for rate in worker_rates]
    return {heat: worker if heat.competitor is Competitor.WORKER else naive for heat in HEATS}


def test_each_run_has_a_line_with_its_figures() -> None:
    lines = report.table(measured(512.0)).splitlines()

    assert len(lines) == 1 + len(HEATS)
    assert lines[1].split() == ["worker", "0", "ms", "512.0", "0.90", "96"]


def test_several_rounds_are_shown_as_least_middle_and_most() -> None:
    assert "500.0 < 550.0 < 800.0" in report.table(measured(550.0, 800.0, 500.0))


def test_the_share_is_of_what_the_latency_allows() -> None:
    assert report.ratios(measured(512.0)).splitlines()[0].startswith("0.80 of the 640/s")


def test_the_worker_is_compared_with_the_naive_loop_of_the_same_round() -> None:
    assert report.ratios(measured(600.0)).splitlines()[1].startswith("1.50 times the naive loop")
