"""Every kind of fault, struck in the middle of a running experiment. `scripts/fault` runs this, and prints the table.

Its file is not named as a test, so that it runs only when it is asked for. The environment says how much:
FAULT_KIND (a part of the name), FAULT_SEED, FAULT_RUNS (of each kind), FAULT_COMMANDS (of each run), FAULT_RESULTS (a
folder for the figures).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.experiments.counts import note_stuck, write
from tests.fault.experiments.kinds.catalog import KINDS
from tests.fault.experiments.running import Kind, Result, run_experiment
from tests.fault.experiments.servers import FaultServers, open_servers

pytestmark = pytest.mark.timeout(600)

_CHOSEN = [kind for kind in KINDS if os.environ.get("FAULT_KIND", "") in kind.name]
_SEED = os.environ.get("FAULT_SEED", "1")
_RUNS = range(int(os.environ.get("FAULT_RUNS", "1")))
_COMMANDS = int(os.environ.get("FAULT_COMMANDS", "100"))


@pytest.fixture(scope="session")
def fault_servers() -> Iterator[FaultServers]:
    """The servers of all experiments."""
    with open_servers() as opened:
        yield opened


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Where the figures are kept."""
    return Path(os.environ.get("FAULT_RESULTS", tmp_path))


@pytest.mark.parametrize("run", _RUNS)
@pytest.mark.parametrize("kind", _CHOSEN, ids=lambda kind: kind.name)
def test_nothing_is_lost_or_done_twice(
    kind: Kind, run: int, fault_servers: FaultServers, tmp_path: Path, results: Path
) -> None:
    seed = f"{_SEED}.{run}" if "." not in _SEED else _SEED
    again = f"\nagain: make fault KIND='{kind.name}' SEED={seed} COMMANDS={_COMMANDS}"
    try:
        result = run_experiment(fault_servers, kind, seed, _COMMANDS, tmp_path)
    except Exception as error:  # noqa: BLE001 - whatever it was: it is named in the table, and the experiment is result again
        note_stuck(f"{kind.name} {seed}: {error}".splitlines()[0], results)
        # It proves nothing in either direction, on a machine that was too busy. Another one like it is a failure.
        result = _run_again(fault_servers, kind, seed, tmp_path / "again")
    write(result.outcome, results)
    assert result.outcome.sound, result.broken + again


def _run_again(fault_servers: FaultServers, kind: Kind, seed: str, folder: Path) -> Result:
    folder.mkdir()
    try:
        return run_experiment(fault_servers, kind, seed, _COMMANDS, folder)
    except Exception as error:
        error.add_note(f"\nagain: make fault KIND='{kind.name}' SEED={seed} COMMANDS={_COMMANDS}")
        raise
