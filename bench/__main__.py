"""`python -m bench`: measures everybody in turn, prints the tables, and keeps them. All that it starts ends with it.

A whole measurement replaces docs/benchmarks.json, the drawings beside it and the tables in docs/benchmarks.md; a quick
one goes to .local/bench.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import contest, keeping
from bench.growth import CURVES
from bench.results import BenchResults, BenchRun, Point, conditions
from bench.systems import CASES, PEERS_PYTHON, SYSTEMS, WORKER, System, invited
from sandbox.servers.errors import ServerError, ServerFailed, ServerUnavailable
from sandbox.servers.finding import GivenServer, Server, find_broker, project_local
from worker.errors import WorkerError

_FAILED, _UNREACHABLE, _INTERRUPTED = 1, 69, 130
_SECONDS, _QUICK_SECONDS = 3.0, 1.5


def main() -> int:
    """Measure, print and keep; returns the exit code."""
    chosen = _arguments()
    if chosen.draw:
        keeping.rewrite(chosen.draw)
        return 0
    try:
        results, failures = _measure(chosen)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (ServerError, WorkerError) as exc:
        _progress(str(exc))
        return _UNREACHABLE if isinstance(exc, ServerUnavailable) else _FAILED
    folder = chosen.out or (keeping.DOCS if _is_whole(chosen, results) else project_local() / "bench")
    print(keeping.keep(results, folder))
    _progress(f"kept in {folder}")
    return _FAILED if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=1, help="how often everybody is measured (default: 1)")
    parser.add_argument("--quick", action="store_true", help="shorter runs, kept in .local/bench")
    parser.add_argument("--curves", nargs="*", choices=list(CURVES), metavar="CURVE", help="growth curves instead: all")
    parser.add_argument("--most", type=_positive, default=sys.maxsize, help="leave the larger sizes of curves out")
    parser.add_argument("--systems", nargs="+", choices=[one.name for one in SYSTEMS], help="these systems alone")
    parser.add_argument("--out", type=Path, help="folder to keep the results in (default: docs when it is whole)")
    parser.add_argument("--draw", type=Path, help="only draw and write anew what the JSON file in this folder says")
    return parser.parse_args()


def _is_whole(chosen: argparse.Namespace, results: BenchResults) -> bool:
    """Whether it may replace what the documentation has: nothing was shortened, and nobody is missing."""
    if chosen.quick or chosen.most != sys.maxsize:
        return False
    measured = {run.system for run in results.runs}
    return set(results.curves) == set(CURVES) or measured == {system.name for system in SYSTEMS}


def _measure(chosen: argparse.Namespace) -> tuple[BenchResults, int]:
    command = f"python -m bench {' '.join(sys.argv[1:])}".strip()
    results = BenchResults(conditions(os.environ.get("BENCH_COMMAND", command)))
    with _places() as (folder, broker):
        if chosen.curves is not None:
            curves, failures = _curves(chosen, broker, folder)
            return replace(results, curves=curves, remarks=failures), len(failures)
        wanted = [one for one in SYSTEMS if one.name in (chosen.systems or [one.name])]
        systems, remarks = invited(wanted, peers=PEERS_PYTHON.exists(), given=isinstance(broker, GivenServer))
        for remark in remarks:
            _progress(remark)
        runs, failures = _runs(chosen, systems, broker, folder)
    return replace(results, runs=runs, remarks=[*remarks, *failures]), len(failures)


def _runs(
    chosen: argparse.Namespace, systems: Sequence[System], broker: Server, folder: Path
) -> tuple[list[BenchRun], list[str]]:
    """Take turns; a run that fails its check does not count, and the others go on."""
    seconds = _QUICK_SECONDS if chosen.quick else _SECONDS
    turns = [(n, case, one) for n in range(1, chosen.rounds + 1) for case in CASES for one in systems]
    runs: list[BenchRun] = []
    failures: list[str] = []
    for number, (round_, case, system) in enumerate(turns, 1):
        name = f"round {round_} of {chosen.rounds}, {system.name} at {case}"
        place = folder / str(number)
        place.mkdir()
        try:
            figures, delays = contest.run(system, case, seconds, broker.url, place)
        except ServerFailed as exc:
            failures.append(f"Not counted: {name}. {str(exc).splitlines()[0]}")
            _progress(f"{name}: {exc}")
            continue
        runs.append(BenchRun(round_, system.name, case, figures, delays))
        _progress(f"[{number}/{len(turns)}] {name}: {figures.commands_per_second:.0f} commands/s")
    if not any(run.system == WORKER.name for run in runs) and WORKER in systems:
        raise ServerFailed("No run of the worker counts.")
    return runs, failures


def _curves(chosen: argparse.Namespace, broker: Server, folder: Path) -> tuple[dict[str, list[Point]], list[str]]:
    """One point after the other; one that fails its check is left out."""
    names = chosen.curves or list(CURVES)
    curves: dict[str, list[Point]] = {name: [] for name in names}
    failures: list[str] = []
    points = [(name, size) for name in names for size in CURVES[name].sizes if size <= chosen.most]
    for name, size in points:
        place = folder / f"{name}-{size}"
        place.mkdir()
        try:
            point = CURVES[name].measured(broker.url, place, size)
        except ServerFailed as exc:
            failures.append(f"Not counted: {size:,} {CURVES[name].what}. {str(exc).splitlines()[0]}")
            _progress(f"{size:,} {CURVES[name].what}: {exc}")
            continue
        curves[name].append(point)
        _progress(f"{size:,} {CURVES[name].what}: {point.commands_per_second:.0f} commands/s")
    return curves, failures


@contextmanager
def _places() -> Iterator[tuple[Path, Server]]:
    # Not in the system's folder for temporary files: that may lie in memory, where a commit costs nothing.
    local = project_local()
    local.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=local) as folder,
        find_broker(os.environ.get("PROVISIONING_AMQP__URL"), report=_progress) as broker,
    ):
        yield Path(folder), broker


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
