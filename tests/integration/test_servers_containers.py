"""The broker in a container, against an engine that only pretends: what it is asked, and that it is asked to remove."""

import sys
from pathlib import Path

import pytest

from sandbox.servers.containers import ContainerRabbitmq, ready_engine, running_engine
from sandbox.servers.errors import SourceUnusable
from sandbox.servers.lifetime.ports import speaks_amqp
from tests.support.servers import python_process
from tests.support.waiting import wait_for

# `run` leaves a process behind that answers the AMQP header, as an engine would; `rm` ends it.
_ENGINE = """\
import os, pathlib, signal, socket, subprocess, sys
state = pathlib.Path({state!r})
with (state / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
order, pid = sys.argv[1], state / "pid"
if order == "image" or order == "pull":
    sys.exit(0 if (state / order).exists() else 1)
if order == "info":
    sys.exit(0 if (state / "daemon").exists() else 1)
if order == "inspect":
    print("true" if pid.exists() else "false")
if order == "rm" and pid.exists():
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pid.unlink()
if order == "run":
    port = int(next(each for each in sys.argv if each.startswith("--publish")).split(":")[1])
    listener = socket.create_server(("127.0.0.1", port))
    if child := os.fork():
        pid.write_text(str(child))
        os._exit(0)
    for name in (0, 1, 2):
        os.close(name)
    while True:
        client = listener.accept()[0]
        client.sendall(bytes([1, 0, 0]))
        client.close()
"""
_OWNER = """
import signal
from sandbox.servers.containers import ContainerRabbitmq, running_engine
broker = ContainerRabbitmq(running_engine())
broker.start()
print(broker.url, flush=True)
signal.pause()
"""


@pytest.fixture
def engine_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a docker client; its daemon runs when the file `daemon` is there."""
    program = tmp_path / "engine.py"
    program.write_text(_ENGINE.format(state=str(tmp_path)))
    script = tmp_path / "docker"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{program}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def calls(state: Path) -> list[str]:
    return (state / "calls").read_text().splitlines()


def test_a_client_without_a_daemon_is_no_engine(engine_state: Path) -> None:
    with pytest.raises(SourceUnusable, match="no container engine runs"):
        running_engine()
    assert calls(engine_state) == ["info"]


def test_an_image_that_is_not_here_is_pulled_and_one_that_cannot_be_is_no_way(engine_state: Path) -> None:
    (engine_state / "daemon").touch()
    reports: list[str] = []
    with pytest.raises(SourceUnusable, match="docker cannot pull"):
        ready_engine(reports.append)
    (engine_state / "pull").touch()
    ready_engine(reports.append)
    assert len(reports) == 2
    (engine_state / "image").touch()
    ready_engine(reports.append)
    assert len(reports) == 2


def test_a_container_is_bound_to_the_loopback_and_removed_at_the_end(engine_state: Path) -> None:
    (engine_state / "daemon").touch()
    with ContainerRabbitmq(running_engine()) as broker:
        port = int(broker.url.rstrip("/").rpartition(":")[2])
        assert speaks_amqp(port)
    assert any(f"--publish=127.0.0.1:{port}:5672" in call for call in calls(engine_state))
    assert calls(engine_state)[-1].startswith("rm --force --volumes provisioning-rabbitmq-")
    assert not speaks_amqp(port)


def test_an_owner_killed_by_sigkill_takes_its_container_along(engine_state: Path) -> None:
    (engine_state / "daemon").touch()
    with python_process(_OWNER) as owner:
        assert owner.next_line().startswith("amqp://guest:guest@127.0.0.1:")
        owner.kill()
    wait_for(lambda: not (engine_state / "pid").exists(), "the end of the container")
