"""One broker and one database for the whole session, each started when a test asks; who breaks one starts its own."""

import gc
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sandbox.servers.postgres import PrivatePostgres
from tests.support.servers import session_database

# The same examples each time: a test fails for what was changed and nothing else, however busy the machine is.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
# Nothing of what a collection of tests makes is garbage, and looking for some takes half of its time.
gc.disable()

pytest_plugins = ("tests.support.broker_tools",)
#: The folders whose files take longest, longest first: several processes that share the files then end together.
LONGEST = ("fault", "e2e", "matrix", "examples", "integration", "contracts")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; within a folder the order stays."""
    items.sort(key=lambda item: _place(item.path))


def pytest_collection_finish() -> None:
    """From here on there is garbage; the tests themselves stay."""
    gc.freeze()
    gc.enable()


@cache
def _place(path: Path) -> int:
    folder = path.relative_to(HERE).parts[0]
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


@pytest.fixture
def listening_terminal() -> Iterator[None]:
    """Let what a test starts be ended by the end of its terminal, also where nohup runs the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def database() -> Iterator[PrivatePostgres]:
    """One private PostgreSQL; a test that needs it empty empties it first."""
    with session_database() as started:
        yield started
