"""`python -m bench`: measures, and prints. Everything it starts ends with it."""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench import report
from bench.contest import HEATS, Heat, run
from bench.figures import Figures
from sandbox.servers.errors import ServerError, ServerUnavailable
from sandbox.servers.finding import find_broker, project_local
from worker.errors import WorkerError

_FAILED, _UNREACHABLE, _INTERRUPTED = 1, 69, 130


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the worker beside a naive loop.")
    parser.add_argument("--rounds", type=_positive, default=1, help="how often everything is measured (default: 1)")
    rounds: int = parser.parse_args().rounds
    try:
        results = _measure(rounds)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (ServerError, WorkerError) as exc:
        _tell(str(exc))
        return _UNREACHABLE if isinstance(exc, ServerUnavailable) else _FAILED
    print(report.table(results), report.ratios(results), sep="\n\n")
    return 0


def _measure(rounds: int) -> dict[Heat, list[Figures]]:
    results: defaultdict[Heat, list[Figures]] = defaultdict(list)
    # Not in the system's folder for temporary files: that may lie in memory, where a commit costs nothing.
    local = project_local()
    local.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=local) as folder,
        find_broker(os.environ.get("PROVISIONING_AMQP__URL"), tell=_tell) as broker,
    ):
        for number in range(1, rounds + 1):
            for heat in HEATS:
                _tell(f"round {number} of {rounds}: {heat.competitor} at {heat.latency_seconds * 1000:.0f} ms")
                place = Path(folder, f"{number}-{HEATS.index(heat)}")
                place.mkdir()
                results[heat].append(run(heat, broker.url, place))
    return results


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
