"""The stand-in that all cells of one file are played on."""

from collections.abc import Iterator

import pytest

from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.matrix.cases import seed
from tests.matrix.rig import MatrixRig


@pytest.fixture(scope="module")
def rig() -> Iterator[MatrixRig]:
    """Start it once; every play begins from the seed."""
    with running(SandboxConfig(port=0, seed=seed())) as sandbox:
        yield MatrixRig(sandbox)
