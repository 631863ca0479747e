"""The ledger's database is locked, full, away, or cuts its connections."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting
from tests.support.waiting import wait_for

_PATIENCE_SECONDS = 60.0
_ROOM_BYTES = 262_144
_CUTS = 3
_FAILED, _CONFIGURATION = 1, 78


def locked(scene: Scene) -> None:
    """Somebody else writes for longer than anybody waits."""
    intruder = sqlite3.connect(_path(scene), isolation_level=None, check_same_thread=False)
    scene.on_heal(intruder.close)
    scene.on_heal(lambda: intruder.execute("ROLLBACK"))
    wait_for(lambda: _begins(intruder), "the lock", _PATIENCE_SECONDS)
    _await_paused(scene)


def disk_full(scene: Scene) -> None:
    """No file of the worker may grow beyond what its log still needs."""
    room = len(scene.worker.log) + _ROOM_BYTES
    process = scene.worker.pid
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    scene.on_heal(lambda: resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard)))
    resource.prlimit(process, resource.RLIMIT_FSIZE, (room, hard))
    _await_paused(scene)


def file_removed(scene: Scene) -> None:
    """A backup tool takes the file away; the worker ends, does not begin anew, and goes on once it is back."""
    path = _path(scene)
    taken = path.with_name("taken.db")
    path.rename(taken)
    scene.publish_more()
    _await_end(scene, _FAILED, "under the running worker")
    scene.replace_worker()
    _await_end(scene, _CONFIGURATION, "Put the ledger back")
    assert not path.exists()
    taken.rename(path)
    scene.replace_worker()
    scene.await_ready(scene.worker)


def _await_end(scene: Scene, code: int, words: str) -> None:
    worker = scene.worker
    assert worker.await_exit(_PATIENCE_SECONDS) == code, worker.log
    assert words in worker.log, worker.log


def server_restarted(scene: Scene) -> None:
    scene.stage.database.restart()


def server_killed(scene: Scene) -> None:
    scene.on_heal(scene.stage.database.start)
    scene.stage.database.kill()
    _await_paused(scene)


def connections_ended(scene: Scene) -> None:
    server, name = scene.stage.database.url, make_url(scene.changes["LEDGER__URL"]).database
    ending = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    with closing(create_engine(server, poolclass=NullPool).connect()) as connection:
        for _ in range(_CUTS):
            connection.execute(ending, {"name": name})
            scene.await_a_moment()


def _path(scene: Scene) -> Path:
    return Path(str(make_url(scene.installation.settings["LEDGER__URL"]).database))


def _begins(intruder: sqlite3.Connection) -> bool:
    try:
        intruder.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def _await_paused(scene: Scene) -> None:
    scene.publish_more()
    scene.await_paused("ledger")


def kinds() -> Iterator[Kind]:
    """All of this room."""
    shared = Setting(shared_ledger=True)
    yield Kind("ledger: SQLite locked", locked)
    yield Kind("ledger: SQLite on a full disk", disk_full)
    yield Kind("ledger: SQLite file removed under the worker", file_removed)
    yield Kind("ledger: PostgreSQL restarted", server_restarted, shared)
    yield Kind("ledger: PostgreSQL SIGKILL", server_killed, shared)
    yield Kind("ledger: PostgreSQL ends our connections", connections_ended, shared)
