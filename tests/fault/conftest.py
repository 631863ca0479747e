"""A house for each test, and a broker that may be broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.house import House, open_house
from tests.support.seeds import seed_of
from tests.support.servers import session_broker


@pytest.fixture
def house(broker: OwnBroker, tmp_path: Path) -> Iterator[House]:
    """A house on the session's broker, with twenty customers."""
    with open_house(broker.url, tmp_path, seed_of(20)) as opened:
        yield opened


@pytest.fixture(scope="module")
def fragile_broker() -> Iterator[OwnBroker]:
    """A broker of this module's own."""
    with session_broker() as started:
        yield started


@pytest.fixture
def fragile_house(fragile_broker: OwnBroker, tmp_path: Path) -> Iterator[House]:
    """A house on the broker that may be broken."""
    with open_house(fragile_broker.url, tmp_path, seed_of(20)) as opened:
        yield opened
