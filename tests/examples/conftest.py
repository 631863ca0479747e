"""The examples run on a real broker, with its management API for the one that speaks nothing else, and a worker."""

from collections.abc import Iterator

import pytest

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.installation import Installation, open_installation


@pytest.fixture(scope="session")
def installation(managed_broker: PrivateRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a running worker."""
    with (
        open_installation(managed_broker.url, tmp_path_factory.mktemp("installation")) as installation,
        installation.worker() as worker,
    ):
        yield installation
        assert worker.terminate() == 0
