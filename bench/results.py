"""What was measured, as it is kept in a JSON file: everything that is written or drawn comes from here."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pydantic import TypeAdapter

from bench.figures import Figures
from bench.systems import PEERS_PYTHON, Case

_PEERS = ("faststream", "aiohttp", "dramatiq", "celery")


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from publish to event at `per_second` commands; None where `count` is too small for a percentile."""

    per_second: float
    count: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One run that was checked: each command has had exactly one event."""

    round: int
    system: str
    case: Case
    figures: Figures
    delays: Delays


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a growth curve: how large the thing is, and the rate there."""

    size: int
    commands_per_second: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where, when and how. `load` is the load average of one minute before it began."""

    command: str
    at: str
    machine: str
    python: str
    versions: Mapping[str, str]
    load: float


@dataclass(frozen=True, slots=True)
class BenchResults:
    """A whole measurement. `remarks` say who was left out and which runs failed; `curves` are points by name."""

    conditions: Conditions
    runs: Sequence[BenchRun] = ()
    remarks: Sequence[str] = ()
    curves: Mapping[str, Sequence[Point]] = field(default_factory=dict)


_ADAPTER = TypeAdapter(BenchResults)


def written(results: BenchResults) -> bytes:
    """As JSON."""
    return _ADAPTER.dump_json(results, indent=1) + b"\n"


def read(text: bytes) -> BenchResults:
    """From JSON. Raises pydantic's ValidationError when it is not of this form."""
    return _ADAPTER.validate_json(text)


def conditions(command: str) -> Conditions:
    """Those of this moment."""
    return Conditions(
        command=command,
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=f"{os.cpu_count()} cores, {_processor()}, {_gibibytes()} GiB",
        python=platform.python_version(),
        versions=_versions(),
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gibibytes() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)


def _versions() -> dict[str, str]:
    places = [str(place) for place in (PEERS_PYTHON.parents[1] / "lib").glob("*/site-packages")]
    found = {one.metadata["Name"]: one.version for one in metadata.distributions(path=places)}
    return {"worker": _own_version(), **{name: found[name] for name in _PEERS if name in found}}


def _own_version() -> str:
    return metadata.version("provisioning-worker")
