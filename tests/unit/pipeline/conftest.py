"""What the tests of the pipeline share."""

from collections.abc import Iterator

import pytest

from tests.unit.pipeline.dispatcher_rig import DispatcherRig


@pytest.fixture
def rig() -> Iterator[DispatcherRig]:
    rig = DispatcherRig()
    rig.open()
    yield rig
    rig.close()
