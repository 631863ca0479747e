"""Empty ledgers of both products; a file that needs more than empty ones builds it on these."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from tests.support.ledger_rigs import empty_database
from worker.ledger.upkeep import migrate_ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A ledger of today's schema with nothing in it, on either product."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database").url
        empty_database(url)
    migrate_ledger(url)
    return url


@pytest.fixture
def engine(url: str) -> Engine:
    """A way into that ledger."""
    return create_engine(url, poolclass=NullPool)
