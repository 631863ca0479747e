"""What the tests of the flow share."""

from collections.abc import Iterator

import pytest

from tests.unit.pipeline.stage import House


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    house.open()
    yield house
    house.close()
