"""One house with one running worker for most tests: each test brings its own customers and its own commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.forked_worker import forked_worker
from tests.support.house import House, open_house
from tests.support.worker_process import WorkerProcess


@pytest.fixture(scope="session")
def running_house(broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, WorkerProcess]]:
    """The shared house and its worker."""
    with open_house(broker.url, tmp_path_factory.mktemp("house")) as house, house.worker() as worker:
        yield house, worker
        assert worker.terminate() == 0


@pytest.fixture
def house(running_house: tuple[House, WorkerProcess]) -> House:
    """The shared house. Faults must name their customer: other tests' calls must not suffer them."""
    return running_house[0]


@pytest.fixture
def worker(running_house: tuple[House, WorkerProcess]) -> WorkerProcess:
    """The shared worker."""
    return running_house[1]


@pytest.fixture
def own_house(broker: OwnBroker, tmp_path: Path) -> Iterator[House]:
    """A house for one test alone, with no worker in it yet."""
    with open_house(broker.url, tmp_path, start=forked_worker) as opened:
        yield opened


@pytest.fixture
def fresh_house(broker: OwnBroker, tmp_path: Path) -> Iterator[House]:
    """The same, for a test of the start itself: its workers read the program, as ever."""
    with open_house(broker.url, tmp_path) as opened:
        yield opened
