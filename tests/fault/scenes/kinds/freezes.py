"""A server does not end, it stands still: nobody is told, and every connection stays open."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from sandbox.servers.finding import OwnBroker
from sandbox.servers.lifetime.private import PrivateServer
from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting
from tests.support.servers import processes_of
from tests.support.waiting import wait_for

#: A silent broker is given up after two heartbeats.
_NOTICED_SECONDS = 90.0


def broker_frozen(scene: Scene) -> None:
    """Longer than the heartbeat: both sides give the connection up, each by its own clock."""
    _freeze(scene, _private(scene.stage.broker))
    wait_for(lambda: scene.worker.said("broker_disconnected"), "a lost connection", _NOTICED_SECONDS)


def database_frozen(scene: Scene) -> None:
    """What the worker has given up is done all the same, as soon as the server goes on."""
    _freeze(scene, scene.stage.database)
    scene.await_paused("ledger")


def _private(broker: OwnBroker) -> PrivateServer:
    assert isinstance(broker, PrivateServer), "a broker in a container has no processes here to be frozen"
    return broker


def _freeze(scene: Scene, server: PrivateServer) -> None:
    """Stop all of its processes; publish while it stands still."""
    frozen = processes_of(server)
    scene.on_heal(partial(_thaw, frozen))
    for process in frozen:
        _signal(process, signal.SIGSTOP)
        # PostgreSQL writes over what its own processes could be known by. A parent that stands still starts no more.
        frozen += [child for child in _children(process) if child not in frozen]
    scene.publish_more()


def _thaw(frozen: Sequence[int]) -> None:
    for process in frozen:
        _signal(process, signal.SIGCONT)


def _children(process: int) -> Sequence[int]:
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for listed in threads for child in listed.read_text().split()]


def _signal(process: int, number: signal.Signals) -> None:
    # Some of them live for a moment only.
    with suppress(ProcessLookupError):
        os.kill(process, number)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("broker: frozen beyond its heartbeat", broker_frozen)
    yield Kind("ledger: PostgreSQL frozen", database_frozen, Setting(shared_ledger=True))
