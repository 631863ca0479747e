"""One broker and one database for the whole session, each started when a test asks; who breaks one starts its own."""

from collections.abc import Iterator

import pytest

from sandbox.servers.postgres import PrivatePostgres
from tests.support.servers import session_database

pytest_plugins = ("tests.support.broker_tools",)


@pytest.fixture(scope="session")
def database() -> Iterator[PrivatePostgres]:
    """One private PostgreSQL; a test that needs it empty empties it first."""
    with session_database() as started:
        yield started
