"""A PostgreSQL that stands still: the kernel answers, the server does not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, create_engine

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.freezing import frozen
from tests.support.ledger_opening import opened
from tests.support.ledger_samples import asking
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from worker.domain.claims import Fresh
from worker.errors import LedgerUnavailable
from worker.ledger.migrations.migrate import migrate


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    with session_database() as server:
        migrate(create_engine(server.url, poolclass=NullPool))
        yield server


@pytest.fixture
def ledger(server: PrivatePostgres) -> Iterator[BlockingLedger]:
    with opened(server.url) as ledger:
        yield ledger


def test_a_commit_that_is_never_answered_can_be_broken_off_and_the_next_one_is_well(
    server: PrivatePostgres, ledger: BlockingLedger
) -> None:
    ledger.claim(asking("evt_1"))
    commits = ledger._commits
    with ThreadPoolExecutor(1) as pool:
        with frozen(server):
            begun = commits.progress.begun
            claiming = pool.submit(ledger.claim, asking("evt_2"))
            wait_for(lambda: commits.progress.begun > begun, "a commit that waits")
            assert not claiming.done()
            commits.break_off()
            with pytest.raises(LedgerUnavailable):
                claiming.result(60)
        assert isinstance(ledger.claim(asking("evt_3")), Fresh)
    assert ledger.alive


def test_breaking_off_what_is_idle_is_only_a_detour(ledger: BlockingLedger) -> None:
    assert isinstance(ledger.claim(asking("evt_4")), Fresh)
    ledger._commits.break_off()

    assert isinstance(ledger.claim(asking("evt_5")), Fresh)


def test_the_silence_is_reported_by_itself_though_nobody_asks(server: PrivatePostgres, ledger: BlockingLedger) -> None:
    reports: list[str] = []
    ledger.watch(reports.append)
    ledger.claim(asking("evt_6"))  # so that there is a connection to be silent
    with frozen(server):
        wait_for(lambda: len(reports) > 2, "word of the silence")
    assert "does not answer" in reports[0]
