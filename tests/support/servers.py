"""Private servers for tests: a broker and a database for a session, and what tests ask about their processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.servers.apt import unpacked
from sandbox.servers.containers import ContainerRabbitmq, ready_engine
from sandbox.servers.finding import (
    BROKER_ADVICE,
    RABBITMQ_PACKAGES,
    OwnBroker,
    first_usable,
    own_database,
    project_local,
)
from sandbox.servers.lifetime.private import PrivateServer
from sandbox.servers.postgres import PrivatePostgres
from sandbox.servers.rabbitmq import PrivateRabbitmq, installed_binaries, unpacked_binaries
from tests.support.waiting import wait_for


@contextmanager
def session_broker() -> Iterator[OwnBroker]:
    """Run a private RabbitMQ with its management API, which a container has not, whatever the environment names.

    Raises ServerUnavailable where there can be none.
    """
    sources: Sequence[Callable[[], OwnBroker]] = (
        lambda: PrivateRabbitmq(installed_binaries(), management=True),
        lambda: PrivateRabbitmq(
            unpacked_binaries(unpacked(RABBITMQ_PACKAGES, project_local(), print)), management=True
        ),
        lambda: ContainerRabbitmq(ready_engine(print)),
    )
    with first_usable(sources, BROKER_ADVICE) as broker:
        yield broker


@contextmanager
def session_database() -> Iterator[PrivatePostgres]:
    """Run a private PostgreSQL. Raises ServerUnavailable where there can be none."""
    with own_database(report=print) as database:
        yield database


def wait_until_crash_safe(broker: OwnBroker, *queues: str) -> None:
    """Wait until a SIGKILL of the node cannot lose these freshly declared quorum queues and their bindings any more.

    RabbitMQ 3.10 answers a declare before the queue's name is on disk (it follows half a second later); a node
    killed in between forgets the queue and every confirmed message in it. The binding that was made last may be
    forgotten for longer, until the log of its database is on disk.
    """
    if not isinstance(broker, PrivateRabbitmq):
        return
    names = [queue.encode() for queue in queues]

    def all_written() -> bool:
        written = b"".join(path.read_bytes() for path in broker.folder.glob("mnesia/*/quorum/*/names.dets"))
        return all(name in written for name in names)

    wait_for(all_written, f"{queues} in the node's directory of queues")
    # A node that keeps its definitions in Khepri runs no Mnesia, and has no such log.
    broker.ctl("eval", "case whereis(mnesia_monitor) of undefined -> ok; _ -> ok = mnesia:sync_log() end.")


class Spoken:
    """A process that a test listens to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def next_line(self) -> str:
        """Wait for the next line it prints; empty when it has ended."""
        return "" if self._process.stdout is None else self._process.stdout.readline().strip()

    def kill(self) -> None:
        """End it by SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait()


@contextmanager
def python_process(code: str, *arguments: str) -> Iterator[Spoken]:
    """Run a piece of Python as a process in a session of its own; it is killed at the end if it still runs."""
    # Whoever runs the tests in the background has every process ignore Ctrl-C from the start.
    listening = f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{code}"
    command = [sys.executable, "-c", listening, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - a test's own code
    with process:
        try:
            yield Spoken(process)
        finally:
            process.kill()


def processes_of(server: PrivateServer) -> list[int]:
    """Return the living processes that belong to a server, by the folder in their environment or command line."""
    return processes_naming(server.folder)


def processes_naming(folder: Path) -> list[int]:
    """Return the living processes in whose environment or command line this folder appears."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _names(entry, folder)]


def _names(process: Path, folder: Path) -> bool:
    try:
        words = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return False
    return str(folder).encode() in words
