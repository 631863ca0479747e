"""Servers that contract suites run on, one each for the whole session, started when the first test asks."""

from collections.abc import Iterator

import pytest

from sandbox.servers.postgres import PrivatePostgres
from tests.support.servers import session_database


@pytest.fixture(scope="session")
def database() -> Iterator[PrivatePostgres]:
    with session_database() as database:
        yield database
