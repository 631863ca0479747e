"""Many threads on one ledger."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import asking, failed_attempt, success, token_of
from worker.domain.claims import Done
from worker.domain.telemetry import LedgerTimed, TelemetryEvent
from worker.errors import ClaimLost
from worker.ledger.config import LedgerOperation

THREADS = 64


class Tally:
    """Counts operations; a commit is counted by one thread alone, and nothing else is asserted."""

    def __init__(self) -> None:
        self.commits = 0

    def __call__(self, event: TelemetryEvent) -> None:
        """Count a commit."""
        self.commits += isinstance(event, LedgerTimed) and event.operation == LedgerOperation.COMMIT


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def ledger(tmp_path: Path, tally: Tally) -> Iterator[BlockingLedger]:
    with opened(url_in(tmp_path), emit=tally) as ledger:
        yield ledger


def test_sixty_four_threads_lose_nothing_and_share_commits(ledger: BlockingLedger, tally: Tally) -> None:
    def work(thread: int) -> None:
        for number in range(10):
            id_ = f"evt_{thread}_{number}"
            ledger.defer(token_of(ledger.claim(asking(id_))), failed_attempt(0.0))
            ledger.record(token_of(ledger.claim(asking(id_))), success(id_))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    ids = [f"evt_{thread}_{number}" for thread in range(THREADS) for number in range(10)]
    assert [ledger.claim(asking(id_)) for id_ in ids] == [Done(success(id_).event) for id_ in ids]
    assert tally.commits < 4 * len(ids)


def test_of_all_threads_that_fight_for_a_command_one_ends_it(ledger: BlockingLedger) -> None:
    together = Barrier(THREADS)

    def fight(thread: int) -> str:
        token = token_of(ledger.claim(asking()))
        together.wait(60)
        try:
            ledger.record(token, success(f"event-{thread}"))
        except ClaimLost:
            return "lost"
        return f"event-{thread}"

    with ThreadPoolExecutor(THREADS) as pool:
        results = Counter(pool.map(fight, range(THREADS)))

    claim = ledger.claim(asking())
    assert isinstance(claim, Done)
    assert results == {"lost": THREADS - 1, claim.event.id: 1}
