"""The ledger's database is locked, full, away, or cuts its connections."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for

_PATIENCE_SECONDS = 60.0
_ROOM_BYTES = 262_144
_CUTS = 3
_FAILED, _CONFIGURATION = 1, 78


def locked(experiment: Experiment) -> None:
    """Somebody else writes for longer than anybody waits."""
    locker = sqlite3.connect(_path(experiment), isolation_level=None, check_same_thread=False)
    experiment.on_heal(locker.close)
    experiment.on_heal(lambda: locker.execute("ROLLBACK"))
    wait_for(lambda: _begins(locker), "the lock", _PATIENCE_SECONDS)
    _await_paused(experiment)


def disk_full(experiment: Experiment) -> None:
    """No file of the worker may grow beyond what its log still needs."""
    room = len(experiment.worker.log) + _ROOM_BYTES
    process = experiment.worker.pid
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    experiment.on_heal(lambda: resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard)))
    resource.prlimit(process, resource.RLIMIT_FSIZE, (room, hard))
    _await_paused(experiment)


def file_removed(experiment: Experiment) -> None:
    """A backup tool takes the file away; the worker ends, does not begin anew, and goes on once it is back."""
    path = _path(experiment)
    taken = path.with_name("taken.db")
    path.rename(taken)
    experiment.publish_more()
    _await_end(experiment, _FAILED, "under the running worker")
    experiment.replace_worker()
    _await_end(experiment, _CONFIGURATION, "Put the ledger back")
    assert not path.exists()
    taken.rename(path)
    experiment.replace_worker()
    experiment.await_ready(experiment.worker)


def _await_end(experiment: Experiment, code: int, words: str) -> None:
    worker = experiment.worker
    assert worker.await_exit(_PATIENCE_SECONDS) == code, worker.log
    assert words in worker.log, worker.log


def server_restarted(experiment: Experiment) -> None:
    experiment.fault_servers.database.restart()


def server_killed(experiment: Experiment) -> None:
    experiment.on_heal(experiment.fault_servers.database.start)
    experiment.fault_servers.database.kill()
    _await_paused(experiment)


def connections_ended(experiment: Experiment) -> None:
    server, name = experiment.fault_servers.database.url, make_url(experiment.changes["LEDGER__URL"]).database
    ending = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    with closing(create_engine(server, poolclass=NullPool).connect()) as connection:
        for _ in range(_CUTS):
            connection.execute(ending, {"name": name})
            experiment.await_a_moment()


def _path(experiment: Experiment) -> Path:
    return Path(str(make_url(experiment.installation.settings["LEDGER__URL"]).database))


def _begins(locker: sqlite3.Connection) -> bool:
    try:
        locker.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def _await_paused(experiment: Experiment) -> None:
    experiment.publish_more()
    experiment.await_paused("ledger")


def kinds() -> Iterator[Kind]:
    """All of this room."""
    shared = Setting(shared_ledger=True)
    yield Kind("ledger: SQLite locked", locked)
    yield Kind("ledger: SQLite on a full disk", disk_full)
    yield Kind("ledger: SQLite file removed under the worker", file_removed)
    yield Kind("ledger: PostgreSQL restarted", server_restarted, shared)
    yield Kind("ledger: PostgreSQL SIGKILL", server_killed, shared)
    yield Kind("ledger: PostgreSQL ends our connections", connections_ended, shared)
