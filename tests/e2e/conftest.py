"""One installation with one running worker for most tests: each test brings its own customers and its own commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.worker_process import WorkerProcess


@pytest.fixture(scope="session")
def running_installation(
    broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, WorkerProcess]]:
    """The shared installation and its worker."""
    with (
        open_installation(broker.url, tmp_path_factory.mktemp("installation")) as installation,
        installation.worker() as worker,
    ):
        yield installation, worker
        assert worker.terminate() == 0


@pytest.fixture
def installation(running_installation: tuple[Installation, WorkerProcess]) -> Installation:
    """The shared installation. Faults must name their customer: other tests' calls must not suffer them."""
    return running_installation[0]


@pytest.fixture
def worker(running_installation: tuple[Installation, WorkerProcess]) -> WorkerProcess:
    """The shared worker."""
    return running_installation[1]


@pytest.fixture
def own_installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation for one test alone, with no worker in it yet."""
    with open_installation(broker.url, tmp_path, start=forked_worker) as opened:
        yield opened


@pytest.fixture
def fresh_installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """The same, for a test of the start itself: its workers read the program, as ever."""
    with open_installation(broker.url, tmp_path) as opened:
        yield opened
