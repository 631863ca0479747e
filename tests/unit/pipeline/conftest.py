"""What the tests of the flow share."""

from collections.abc import Iterator

import pytest

from tests.unit.pipeline.stage import DispatcherRig


@pytest.fixture
def rig() -> Iterator[DispatcherRig]:
    rig = DispatcherRig()
    rig.open()
    yield rig
    rig.close()
