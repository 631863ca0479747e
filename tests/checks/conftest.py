"""One stand-in per module, as it was for every check; and every check in every dialect, unless its module says less."""

from collections.abc import Iterator

import pytest

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.checks.rig import DIALECTS, Dialect, Provider


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture(params=DIALECTS, ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """The edition and the format that the check speaks."""
    assert isinstance(request.param, Dialect)
    return request.param


@pytest.fixture
def provider(server: RemoteSandbox, dialect: Dialect) -> Iterator[Provider]:
    server.reset()
    one = Provider(server, dialect)
    yield one
    one.close()
