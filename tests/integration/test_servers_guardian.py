"""The guardian: whatever happens to the owner, the server and all it started end; nothing stays behind."""

import fcntl
import os
import signal
import termios
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime.guardian import Order, Service
from sandbox.servers.lifetime.supervised import Supervised
from tests.support.servers import Spoken, processes_naming, python_process
from tests.support.waiting import wait_for

# A server like Erlang's: it starts a daemon in a session of its own, and says good-bye when it is asked to go.
_SERVER = """
setsid sh -c 'sleep 1000 & wait' &
trap 'echo bye >> "$BYE"; exit 0' TERM
while :; do sleep 1000 & wait $!; done
"""
_SHORT_LIVED = "setsid sleep 1000 & echo so long"
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
    with closing_by_quit(Supervised(polite_service(folder))) as supervised:
        yield supervised


@contextmanager
def closing_by_quit(server: Supervised) -> Iterator[Supervised]:
    """End it, its processes and its pipes, also when a test fails."""
    try:
        yield server
    finally:
        server.quit()


def waiting_bytes(server: Supervised) -> int:
    """How much of what the guardian has said is still to be read."""
    count = array("i", [0])
    fcntl.ioctl(server._guardian.stdout or 0, termios.FIONREAD, count)
    return count[0]


@contextmanager
def owner_of(folder: Path, *how: str) -> Iterator[tuple[Spoken, int]]:
    """Run an owner; gives it and the process id of its guardian."""
    with python_process(_OWNER, str(folder), *how) as owner:
        yield owner, int(owner.next_line())


def await_everything(folder: Path) -> None:
    """Server, its sleep, its daemon, the daemon's sleep, and the companion."""
    wait_for(lambda: len(processes_naming(folder)) >= 5, "all five processes")


def await_nothing(folder: Path) -> None:
    wait_for(lambda: not processes_naming(folder) and not folder.exists(), "the end of everything")


def test_a_kill_ends_the_server_and_its_daemons_and_it_can_be_started_again(folder: Path, server: Supervised) -> None:
    server.start()
    await_everything(folder)
    server.kill()
    assert (server.running, processes_naming(folder)) == (False, [])
    server.start()
    await_everything(folder)


def test_a_stop_lets_the_server_end_in_order_and_keeps_its_folder(folder: Path, server: Supervised) -> None:
    server.start()
    await_everything(folder)
    server.stop()
    assert folder.with_suffix(".bye").read_text() == "bye\n"
    assert (processes_naming(folder), folder.exists()) == ([], True)


def test_a_quit_removes_the_folder_and_says_the_farewell_once(folder: Path, server: Supervised) -> None:
    server.start()
    await_everything(folder)
    server.quit()
    server.quit()
    await_nothing(folder)
    assert folder.with_suffix(".bye").read_text() == "farewell\n"


def test_a_server_that_ends_by_itself_is_noticed_and_its_daemons_ended(folder: Path) -> None:
    with closing_by_quit(Supervised(polite_service(folder, _SHORT_LIVED))) as server:
        server.start()
        wait_for(lambda: not server.running, "the end of the server")
        assert (processes_naming(folder), server.last_words()) == ([], "so long")


def test_a_server_that_has_ended_before_its_owner_reads_of_its_start_does_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Supervised._write

    def ask_and_read_late(server: Supervised, line: str) -> None:
        ask(server, line)
        if line == Order.START:
            wait_for(lambda: waiting_bytes(server) >= len("started\nended\n"), "both replies")

    monkeypatch.setattr(Supervised, "_write", ask_and_read_late)
    with closing_by_quit(Supervised(polite_service(folder, _SHORT_LIVED))) as server:
        server.start()
        assert not server.running


def test_a_program_that_does_not_exist_fails_to_start(folder: Path) -> None:
    without_program = replace(polite_service(folder), argv=["/no/such/server"])
    with (
        closing_by_quit(Supervised(without_program)) as server,
        pytest.raises(ServerFailed, match="/no/such/server could not be started"),
    ):
        server.start()
    await_nothing(folder)


def test_an_owner_killed_by_sigkill_takes_everything_along(folder: Path) -> None:
    with owner_of(folder) as (owner, _):
        await_everything(folder)
        owner.kill()
        await_nothing(folder)


def test_ctrl_c_in_the_terminal_reaches_the_owner_and_not_the_server(folder: Path) -> None:
    with owner_of(folder) as (owner, _):
        await_everything(folder)
        os.killpg(owner.pid, signal.SIGINT)
        assert owner.next_line() == "stopped"
    assert folder.with_suffix(".bye").read_text().startswith("bye")


def test_a_killed_guardian_takes_the_server_along(folder: Path) -> None:
    with owner_of(folder) as (_, guardian):
        await_everything(folder)
        main = {pid for pid in processes_naming(folder) if _parent(pid) == guardian}
        os.kill(guardian, signal.SIGKILL)
        wait_for(lambda: not main & set(processes_naming(folder)), "the end of the server")


def test_a_released_server_outlives_its_owner_until_its_guardian_is_asked_to_end(folder: Path) -> None:
    with owner_of(folder, "release") as (owner, guardian):
        owner.kill()
    await_everything(folder)
    os.kill(guardian, signal.SIGTERM)
    await_nothing(folder)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
