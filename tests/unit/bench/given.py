"""Results that nobody has measured."""

from bench.figures import Figures
from bench.results import BenchResults, BenchRun, Conditions, Delays, Point
from bench.systems import CASES, SYSTEMS, Case, System

_CONDITIONS = Conditions("make bench", "2026-01-02 03:04 UTC", "2 cores", "3.11.2", {"worker": "0.1.0"}, 0.1)


def run_of(system: System, case: Case, rate: float, round_: int = 1) -> BenchRun:
    figures = Figures(rate, 1.1, 5.5, 96 << 20, 0.75)
    return BenchRun(round_, system.name, case, figures, Delays(rate / 2, 150, 0.004, 0.02, None))


def results(*rates: float) -> BenchResults:
    """Everybody in every case, each round at that rate; the worker twice as fast as the others."""
    runs = [
        run_of(system, case, rate * (2 if system.name == "worker" else 1), number)
        for number, rate in enumerate(rates, 1)
        for case in CASES
        for system in SYSTEMS
    ]
    curves = {"customers": [Point(1, 190.0, 1.5, 90 << 20), Point(100, 800.0, 1.0, 95 << 20)]}
    return BenchResults(_CONDITIONS, runs, ["Without nobody."], curves)
