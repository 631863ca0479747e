"""Faults that strike while most of what was published is parked in the ledger."""

from collections.abc import Iterator
from dataclasses import replace

from tests.fault.experiments.experiment import crowded
from tests.fault.experiments.kinds import brokers, ledgers, networks, providers, workers
from tests.fault.experiments.running import Kind

_CROWDED = (
    "worker: SIGKILL",
    "worker: SIGKILL again and again",
    "worker: SIGTERM under load",
    "two workers: active one SIGKILL",
    "two workers: active one frozen beyond its lease",
    "broker: connections closed by force",
    "network to the ledger: answers swallowed",
    "ledger: PostgreSQL SIGKILL",
    "provider: outage",
    "provider: applies, then hangs up",
)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    rooms = (workers, brokers, networks, providers, ledgers)
    every = {kind.name: kind for room in rooms for kind in room.kinds()}
    for name in _CROWDED:
        kind = every[name]
        yield replace(kind, name=f"parked, {name}", setting=crowded(kind.setting))
