"""The examples run on a broker with the management API, for the one that speaks nothing else, and on a real worker."""

from collections.abc import Iterator

import pytest

from sandbox.servers.apt import unpacked
from sandbox.servers.finding import BROKER_ADVICE, RABBITMQ_PACKAGES, first_usable, project_local
from sandbox.servers.rabbitmq import PrivateRabbitmq, installed_binaries, unpacked_binaries
from tests.support.house import House, open_house


@pytest.fixture(scope="session")
def managed_broker() -> Iterator[PrivateRabbitmq]:
    """A broker whose management API is turned on."""
    sources = (
        lambda: PrivateRabbitmq(installed_binaries(), management=True),
        lambda: PrivateRabbitmq(
            unpacked_binaries(unpacked(RABBITMQ_PACKAGES, project_local(), print)), management=True
        ),
    )
    with first_usable(sources, BROKER_ADVICE) as started:
        yield started


@pytest.fixture(scope="session")
def house(managed_broker: PrivateRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a running worker."""
    with open_house(managed_broker.url, tmp_path_factory.mktemp("house")) as house, house.worker() as worker:
        yield house
        assert worker.terminate() == 0
