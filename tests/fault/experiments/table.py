"""`python -m tests.fault.experiments.table FOLDER`: the runs kept in a folder, one line for each kind of fault."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.fault.experiments.counts import Outcome, read_all, stuck
from tests.support.verdict import Promise

_PROMISES = tuple(promise.value for promise in Promise)
COLUMNS = ("fault", "runs", "commands", *_PROMISES, "to resume (s)")


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One row for each kind, and their sum."""
    kinds: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.kind].append(outcome)
    return [_row(kind, found) for kind, found in sorted(kinds.items())] + [_row("all", outcomes, timed=False)]


def markdown(table: Sequence[Sequence[str]]) -> str:
    """Write it as it can be pasted into a document and read on a terminal."""
    everything = [COLUMNS, *table]
    widths = [max(len(row[place]) for row in everything) for place in range(len(COLUMNS))]
    rule = [("-" if place == 0 else "-" * (width - 1) + ":").ljust(width, "-") for place, width in enumerate(widths)]
    return "\n".join(_line(row, widths) for row in (COLUMNS, rule, *table))


def _row(kind: str, outcomes: Sequence[Outcome], *, timed: bool = True) -> tuple[str, ...]:
    sums = [str(sum(outcome.broken[promise] for outcome in outcomes)) for promise in _PROMISES]
    commands = str(sum(outcome.commands for outcome in outcomes))
    return (kind, str(len(outcomes)), commands, *sums, _spread(outcomes) if timed else "")


def _spread(outcomes: Sequence[Outcome]) -> str:
    seconds = [outcome.resumed_seconds for outcome in outcomes if outcome.resumed_seconds is not None]
    if not seconds:
        return "-"
    if len(seconds) == 1:
        return f"{seconds[0]:.1f}"
    return " < ".join(f"{value:.1f}" for value in (min(seconds), median(seconds), max(seconds)))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def main() -> int:
    """Print the table; 1 when a promise was broken, or nothing was kept at all."""
    folder = Path(sys.argv[1])
    outcomes, unfinished = read_all(folder), stuck(folder)
    sys.stdout.write(f"{markdown(rows(outcomes))}\n")
    if unfinished:
        sys.stdout.write(f"without an end, and run again:\n{unfinished}")
    return 0 if outcomes and all(outcome.sound for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
