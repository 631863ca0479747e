"""The table: least, middle and most of all rounds, and the two ratios the worker is held to."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from bench.contest import CONCURRENCY, Competitor, Heat
from bench.figures import Figures

_MEBIBYTE = 1024 * 1024
_COLUMNS = ("", "latency", "commands/s", "CPU s per 1,000", "peak MiB")
_WIDTHS = (12, 9, 24, 24, 24)

Results = Mapping[Heat, Sequence[Figures]]


def table(results: Results) -> str:
    """Write all figures; of several rounds `least < middle < most`."""
    lines = [_line(_COLUMNS)]
    lines += [_line(_cells(heat, figures)) for heat, figures in results.items()]
    return "\n".join(lines)


def ratios(results: Results) -> str:
    """Say how near the worker comes to what the provider's latency allows, and how it compares without latency.

    Each round is compared with itself, because what else the machine does differs between rounds.
    """
    rates = {(heat.competitor, heat.latency_seconds): _rates(figures) for heat, figures in results.items()}
    lines = [_share(latency, found) for (who, latency), found in rates.items() if who is Competitor.WORKER and latency]
    pairs = zip(rates[Competitor.WORKER, 0.0], rates[Competitor.NAIVE, 0.0], strict=True)
    times = [worker / naive for worker, naive in pairs]
    lines.append(f"{_spread(times, '.2f')} times the naive loop at 0 ms (aim: 1.5)")
    return "\n".join(lines)


def _share(latency_seconds: float, rates: Sequence[float]) -> str:
    bound = CONCURRENCY / latency_seconds
    shares = _spread([rate / bound for rate in rates], ".2f")
    return (
        f"{shares} of the {bound:.0f}/s that {CONCURRENCY} calls in flight allow at {latency_seconds * 1000:.0f} ms "
        "(aim: 0.85)"
    )


def _rates(figures: Sequence[Figures]) -> list[float]:
    return [one.commands_per_second for one in figures]


def _cells(heat: Heat, figures: Sequence[Figures]) -> tuple[str, ...]:
    def spread(value: Callable[[Figures], float], form: str) -> str:
        return _spread([value(one) for one in figures], form)

    return (
        heat.competitor.value,
        f"{heat.latency_seconds * 1000:.0f} ms",
        spread(lambda one: one.commands_per_second, ".1f"),
        spread(lambda one: one.cpu_seconds, ".2f"),
        spread(lambda one: one.peak_bytes / _MEBIBYTE, ".0f"),
    )


def _line(cells: Sequence[str]) -> str:
    padded = [cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in _placed(cells)]
    return "".join(padded).rstrip()


def _placed(cells: Sequence[str]) -> enumerate[tuple[str, int]]:
    return enumerate(zip(cells, _WIDTHS, strict=True))


def _spread(values: Sequence[float], form: str) -> str:
    if len(values) == 1:
        return format(values[0], form)
    return " < ".join(format(value, form) for value in (min(values), median(values), max(values)))
