"""Every kind of fault, by its name."""

from tests.fault.scenes.kinds import (
    brokers,
    crowds,
    deadlines,
    freezes,
    ledgers,
    networks,
    poisons,
    providers,
    workers,
)

_ROOMS = (workers, brokers, networks, providers, ledgers, crowds, freezes, deadlines, poisons)

KINDS = tuple(kind for room in _ROOMS for kind in room.kinds())
