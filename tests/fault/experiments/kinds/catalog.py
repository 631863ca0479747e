"""Every kind of fault, by its name."""

from tests.fault.experiments.kinds import (
    brokers,
    crowds,
    deadlines,
    files,
    freezes,
    ledgers,
    networks,
    poisons,
    providers,
    readers,
    workers,
)

_ROOMS = (workers, brokers, networks, providers, ledgers, crowds, freezes, deadlines, poisons, readers, files)

KINDS = tuple(kind for room in _ROOMS for kind in room.kinds())
