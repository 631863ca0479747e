"""The examples run on a real broker, with its management API for the one that speaks nothing else, and a worker."""

from collections.abc import Iterator

import pytest

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.house import House, open_house


@pytest.fixture(scope="session")
def house(managed_broker: PrivateRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a running worker."""
    with open_house(managed_broker.url, tmp_path_factory.mktemp("house")) as house, house.worker() as worker:
        yield house
        assert worker.terminate() == 0
