"""The guardian: whatever happens to the owner, the server and all it started end; nothing stays behind."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import wait_until
from sandbox.servers.lifetime.supervised import Supervised
from tests.support.servers import Spoken, processes_naming, python_process

# A server like Erlang's: it starts a daemon in a session of its own, and says good-bye when it is asked to go.
_SERVER = """
setsid sh -c 'sleep 1000 & wait' &
trap 'echo bye >> "$BYE"; exit 0' TERM
while :; do sleep 1000 & wait $!; done
"""
_OWNER = """
import signal, sys
from pathlib import Path
from tests.integration.test_servers_guardian import polite_service
from sandbox.servers.lifetime.supervised import Supervised
server = Supervised(polite_service(Path(sys.argv[1])))
server.start()
if "release" in sys.argv:
    server.release()
try:
    print(server.pid, flush=True)
    signal.pause()
except KeyboardInterrupt:
    server.stop()
    print("stopped", flush=True)
"""


def polite_service(folder: Path, script: str = _SERVER) -> Service:
    return Service(
        argv=["/bin/sh", "-c", script],
        env={"PATH": os.environ["PATH"], "BYE": str(folder.with_suffix(".bye")), "RUNS_IN": str(folder)},
        companion=["/bin/sleep", "1000"],
        folder=str(folder),
        log=str(folder / "log"),
        farewell=["/bin/sh", "-c", "echo farewell >> $0", str(folder.with_suffix(".bye"))],
        uid=None,
        gid=None,
        stop_signal=signal.SIGTERM,
        quit_signal=signal.SIGKILL,
        grace_seconds=5.0,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "run"
    made.mkdir()
    yield made
    for left in processes_naming(made):
        os.kill(left, signal.SIGKILL)


@pytest.fixture
def server(folder: Path) -> Iterator[Supervised]:
    supervised = Supervised(polite_service(folder))
    yield supervised
    supervised.quit()


@contextmanager
def owner_of(folder: Path, *how: str) -> Iterator[tuple[Spoken, int]]:
    """Run an owner; gives it and the process id of its guardian."""
    with python_process(_OWNER, str(folder), *how) as owner:
        yield owner, int(owner.next_line())


def everything_running(folder: Path) -> bool:
    """Server, its sleep, its daemon, the daemon's sleep, and the companion."""
    return wait_until(lambda: len(processes_naming(folder)) >= 5, 5)


def nothing_left(folder: Path) -> bool:
    return wait_until(lambda: not processes_naming(folder) and not folder.exists(), 10)


def test_a_kill_ends_the_server_and_its_daemons_and_it_can_be_started_again(folder: Path, server: Supervised) -> None:
    server.start()
    assert everything_running(folder)
    server.kill()
    assert (server.running, processes_naming(folder)) == (False, [])
    server.start()
    assert everything_running(folder)


def test_a_stop_lets_the_server_end_in_order_and_keeps_its_folder(folder: Path, server: Supervised) -> None:
    server.start()
    assert everything_running(folder)
    server.stop()
    assert folder.with_suffix(".bye").read_text() == "bye\n"
    assert (processes_naming(folder), folder.exists()) == ([], True)


def test_a_quit_removes_the_folder_and_says_the_farewell_once(folder: Path, server: Supervised) -> None:
    server.start()
    assert everything_running(folder)
    server.quit()
    server.quit()
    assert nothing_left(folder)
    assert folder.with_suffix(".bye").read_text() == "farewell\n"


def test_a_server_that_ends_by_itself_is_noticed_and_its_daemons_ended(folder: Path) -> None:
    server = Supervised(polite_service(folder, "setsid sleep 1000 & echo so long"))
    server.start()
    assert wait_until(lambda: not server.running, 5)
    assert (processes_naming(folder), server.last_words()) == ([], "so long")
    server.quit()


def test_a_program_that_does_not_exist_fails_to_start(folder: Path) -> None:
    server = Supervised(replace(polite_service(folder), argv=["/no/such/server"]))
    with pytest.raises(ServerFailed, match="/no/such/server could not be started"):
        server.start()
    server.quit()
    assert nothing_left(folder)


def test_an_owner_killed_by_sigkill_takes_everything_along(folder: Path) -> None:
    with owner_of(folder) as (owner, _):
        assert everything_running(folder)
        owner.kill()
        assert nothing_left(folder)


def test_ctrl_c_in_the_terminal_reaches_the_owner_and_not_the_server(folder: Path) -> None:
    with owner_of(folder) as (owner, _):
        assert everything_running(folder)
        os.killpg(owner.pid, signal.SIGINT)
        assert owner.next_line() == "stopped"
    assert folder.with_suffix(".bye").read_text().startswith("bye")


def test_a_killed_guardian_takes_the_server_along(folder: Path) -> None:
    with owner_of(folder) as (_, guardian):
        assert everything_running(folder)
        main = {pid for pid in processes_naming(folder) if _parent(pid) == guardian}
        os.kill(guardian, signal.SIGKILL)
        assert wait_until(lambda: not main & set(processes_naming(folder)), 5)


def test_a_released_server_outlives_its_owner_until_its_guardian_is_asked_to_end(folder: Path) -> None:
    with owner_of(folder, "release") as (owner, guardian):
        owner.kill()
    assert everything_running(folder)
    os.kill(guardian, signal.SIGTERM)
    assert nothing_left(folder)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
