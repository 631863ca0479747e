"""Servers that contract suites run on, one each for the whole session, started when the first test asks."""

from collections.abc import Iterator

import pytest

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.contracts.provider_places import CLOSES_LATE, DIALECTS, FakePlace, Place, SandboxPlace


@pytest.fixture(scope="session")
def stand_in() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


def made(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Open the place that the parameter names, as fresh as it was at first."""
    if request.param == "fake":
        yield FakePlace()
        return
    place = SandboxPlace(request.getfixturevalue("stand_in"), DIALECTS[request.param])
    yield place
    place.provider.close()


@pytest.fixture(params=["fake", *DIALECTS])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Any provider."""
    yield from made(request)


@pytest.fixture(params=["fake", *(name for name, dialect in DIALECTS.items() if dialect.edition == "reseller")])
def reseller(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A provider that knows credentials."""
    yield from made(request)


@pytest.fixture(params=[name for name, dialect in DIALECTS.items() if dialect.edition == "distributor"])
def distributor(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A provider that knows none."""
    yield from made(request)


@pytest.fixture(params=["fake", "sandbox"])
def late_closer(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A provider that lists deleted customers until their billing cycle ends."""
    if request.param == "fake":
        fake = FakePlace()
        fake.provider.accounts.deleted_stay_listed = True
        yield fake
        return
    place = SandboxPlace(request.getfixturevalue("stand_in"), CLOSES_LATE)
    yield place
    place.provider.close()
