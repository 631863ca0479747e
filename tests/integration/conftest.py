"""Empty ledgers of both products, on which a file that needs more builds, and a server's certificate."""

import ssl
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from tests.support.certificates import Authority
from tests.support.ledger_rigs import empty_database
from worker.ledger.maintenance import migrate_ledger


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


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's certificate, and the file to trust it by."""
    authority = Authority(tmp_path)
    identity = authority.issue()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    return context, str(authority.path)
