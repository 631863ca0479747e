"""Opens real ledgers for tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_samples import IDENTITY
from worker.domain.telemetry import Emit, discard_event
from worker.ledger.config import LedgerConfig, LedgerIdentity


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


def url_in(folder: Path) -> str:
    """Name the SQLite ledger of a test's folder."""
    return f"sqlite:///{folder}/state/ledger.db"


@contextmanager
def opened(
    url: str, identity: LedgerIdentity = IDENTITY, emit: Emit = discard_event, patience_seconds: float = 0.1
) -> Iterator[BlockingLedger]:
    """Open a ledger that settles at once, and close it."""
    config = LedgerConfig(url, settle_seconds=0, keep_days=90, patience_seconds=patience_seconds)
    ledger = BlockingLedger.open(config, identity, SystemClock(), emit)
    try:
        yield ledger
    finally:
        ledger.stop()
