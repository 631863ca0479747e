"""The tables, in Markdown: for each case all systems, with what each does not guarantee beside its figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bench.arithmetic import Spread, ratios, spread
from bench.results import BenchResults, BenchRun, Conditions, Delays, Point
from bench.systems import CASES, SYSTEMS, WORKER, Case, System

_MEBIBYTE = 1024 * 1024
#: Load average of a machine that has little else to do.
_QUIET_LOAD = 1.0
_HEAD = (
    "",
    "commands/s",
    "worker's rate / its",
    "CPU s per 1,000",
    "worker's CPU / its",
    "switches per command",
    "peak MiB",
    "s to first event",
    "ms at half load: p50 / p95 / p99",
    "does not guarantee, and the worker does",
)


def report(results: BenchResults) -> str:
    """All tables, how they came about, and what was left out."""
    rounds = len({run.round for run in results.runs})
    parts = [
        f"{_about(results.conditions)} Rounds: {rounds}; each figure is the median (least-most) of them.",
        *(f"- {remark}" for remark in results.remarks),
        *(_case(case, results) for case in CASES if _of_case(results, case)),
    ]
    return "\n\n".join(parts)


def growth(results: BenchResults, names: Mapping[str, tuple[str, str]]) -> str:
    """All curves as tables; `names` are each curve's title and what its sizes count."""
    parts = [
        _about(results.conditions),
        *(f"- {remark}" for remark in results.remarks),
        *(_curve(*names[name], points) for name, points in results.curves.items()),
    ]
    return "\n\n".join(parts)


def _about(conditions: Conditions) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in conditions.versions.items())
    busy = "\n**Other programs had the machine too: this shows that it works, and little more.**"
    return (
        f"`{conditions.command}` on {conditions.at}: {conditions.machine}; load average {conditions.load} before it "
        f"began.\nPython {conditions.python}; {versions}.{busy if conditions.load > _QUIET_LOAD else ''}"
    )


def _curve(title: str, sizes: str, points: Sequence[Point]) -> str:
    lines = [f"| {sizes} | commands/s | CPU s per 1,000 | peak MiB |", "|---|---|---|---|"]
    for point in points:
        mebibytes = point.peak_bytes / _MEBIBYTE
        lines.append(
            f"| {point.size:,} | {point.commands_per_second:.0f} | {point.cpu_seconds:.2f} | {mebibytes:.0f} |"
        )
    return "\n".join([f"### {title}", "", *lines])


def rate_spread(results: BenchResults, system: System, case: Case) -> Spread | None:
    """Commands a second of all rounds; None when it was not measured."""
    runs = _of_system(results, system, case)
    return spread([run.figures.commands_per_second for run in runs]) if runs else None


def _case(case: Case, results: BenchResults) -> str:
    lines = [_row(_HEAD), "|---" * len(_HEAD) + "|"]
    ours = _of_system(results, WORKER, case)
    measured = ((system, _of_system(results, system, case)) for system in SYSTEMS)
    lines += [_row(_cells(system, runs, ours)) for system, runs in measured if runs]
    title = f"### {case.latency_seconds * 1000:.0f} ms at the provider, {case.calls} calls at once"
    return "\n".join([title, "", *lines])


def _cells(system: System, runs: Sequence[BenchRun], ours: Sequence[BenchRun]) -> Iterator[str]:
    def of(value: Callable[[BenchRun], float], form: str) -> str:
        return spread([value(run) for run in runs]).text(form)

    yield system.name
    yield of(lambda run: run.figures.commands_per_second, ".0f")
    yield "" if system is WORKER else _ratio(ours, runs, lambda run: run.figures.commands_per_second)
    yield of(lambda run: run.figures.cpu_seconds, ".2f")
    yield "" if system is WORKER else _ratio(ours, runs, lambda run: run.figures.cpu_seconds)
    yield of(lambda run: run.figures.switches, ".1f")
    yield of(lambda run: run.figures.peak_bytes / _MEBIBYTE, ".0f")
    yield of(lambda run: run.figures.first_event_seconds, ".2f")
    values: tuple[Callable[[Delays], float | None], ...] = (lambda d: d.p50, lambda d: d.p95, lambda d: d.p99)
    yield " / ".join(_milliseconds([value(run.delays) for run in runs]) for value in values)
    yield system.lacks


def _ratio(ours: Sequence[BenchRun], theirs: Sequence[BenchRun], value: Callable[[BenchRun], float]) -> str:
    found = ratios({run.round: value(run) for run in ours}, {run.round: value(run) for run in theirs})
    return spread(found).text(".2f") if found else "-"


def _milliseconds(values: Sequence[float | None]) -> str:
    known = [value * 1000 for value in values if value is not None]
    return spread(known).text(".0f") if known else "-"


def _of_case(results: BenchResults, case: Case) -> list[BenchRun]:
    return [run for run in results.runs if run.case == case]


def _of_system(results: BenchResults, system: System, case: Case) -> list[BenchRun]:
    return [run for run in _of_case(results, case) if run.system == system.name]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
