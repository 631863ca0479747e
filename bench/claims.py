"""What a claim costs as the ledger grows: `python -m bench.claims [--rows 1000 100000] [--database sqlite ...]`.

Each ledger is filled by bulk SQL and then used as the worker uses it: one caller alone (the time of a claim and of a
record), then thirty-two at once (how many commands a second); all of it several times, for the spread. The private
PostgreSQL does not wait for its disk.
"""

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import NullPool, create_engine

from bench.filling import HOT_CUSTOMER, fill, nth_id
from sandbox.servers.finding import own_database, project_local
from worker.clock import SystemClock
from worker.domain.claims import ClaimRequest, Done, Fresh, History, Token
from worker.domain.endings import Ending
from worker.domain.identity import CommandKey
from worker.domain.result_events import StoredEvent
from worker.ledger.config import LedgerConfig, LedgerIdentity
from worker.ledger.migrations.migrate import migrate
from worker.ledger.sql_ledger import SqlLedger

_ROWS = 1_000, 100_000, 1_000_000, 5_000_000
_IDENTITY = LedgerIdentity("/", "bench", "bench", "http://127.0.0.1:8025", "reseller")
_ALONE, _RARE, _TOGETHER, _CALLERS, _ROUNDS = 500, 50, 4_000, 32, 3
_FINGERPRINT = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Cost:
    """One round at one size: sorted seconds of each kind of call by one caller, and commands a second by 32."""

    calls: dict[str, Sequence[float]]
    per_second: float


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=_ROWS)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    print("| database | rows | call | p50 ms | p99 ms | commands/s by 32 callers |")
    print("|---|---|---|---|---|---|")
    for database in chosen.database:
        with _opened(database) as url:
            for size, costs in _measured(url, sorted(chosen.rows)):
                print("\n".join(_lines(f"| {database} | {size:,} |", costs)), flush=True)


def _measured(url: str, sizes: Sequence[int]) -> Iterator[tuple[int, list[Cost]]]:
    engine = create_engine(url, poolclass=NullPool)
    migrate(engine)
    filled = 0
    for size in sizes:
        fill(engine, filled + 1, size)
        filled = size
        config = LedgerConfig(url, settle_seconds=0, keep_days=90)
        ledger = SqlLedger.open(config, _IDENTITY, SystemClock())
        try:
            _work(ledger, 200)
            yield size, [Cost(_alone(ledger, size), _together(ledger)) for _ in range(_ROUNDS)]
        finally:
            ledger.stop()


def _alone(ledger: SqlLedger, size: int) -> dict[str, Sequence[float]]:
    tokens: list[Token] = []
    calls: dict[str, Sequence[float]] = {
        "claim": _timed(lambda _: tokens.append(_claimed(ledger)), _ALONE),
        "record": _timed(lambda n: ledger.record_soon(tokens[n], _ending()).result(), _ALONE),
        "repeat": _timed(lambda n: _repeated(ledger, 1 + n * size // _ALONE), _ALONE),
    }
    for name, username in (("a customer", "user7@example.com"), ("the hot customer", HOT_CUSTOMER)):
        token = _claimed(ledger)
        calls |= {
            f"other_create, {name}": _timed(_asking(ledger.other_create, username, token), _RARE),
            f"later_applied, {name}": _timed(_asking(ledger.later_applied, username, token), _RARE),
        }
    return calls


def _asking(question: Callable[[str, Token], bool], username: str, token: Token) -> Callable[[int], object]:
    return lambda _: question(username, token)


def _together(ledger: SqlLedger) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(_CALLERS) as pool:
        list(pool.map(lambda _: _work(ledger, _TOGETHER // _CALLERS), range(_CALLERS)))
    return _TOGETHER / (time.perf_counter() - started)


def _work(ledger: SqlLedger, times: int) -> None:
    for _ in range(times):
        ledger.record_soon(_claimed(ledger), _ending()).result()


def _timed(call: Callable[[int], object], times: int) -> list[float]:
    seconds = []
    for number in range(times):
        started = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)


def _claimed(ledger: SqlLedger) -> Token:
    claim = ledger.claim_soon(_request(f"evt_{uuid.uuid4().hex}")).result()
    if not isinstance(claim, Fresh):
        raise TypeError(claim)
    return claim.token


def _repeated(ledger: SqlLedger, number: int) -> None:
    claim = ledger.claim_soon(_request(nth_id(number))).result()
    if not isinstance(claim, Done):
        raise TypeError(claim)


def _request(id_: str) -> ClaimRequest:
    username = f"{id_[4:16]}@example.com"
    key = CommandKey("billing", id_)
    lanes = f"subject:{username}", f"customer:{username}"
    return ClaimRequest(key, "UpdateProfile", None, username, lanes, (_FINGERPRINT,), redelivered=False)


def _ending() -> Ending:
    return Ending(StoredEvent(uuid.uuid4().hex, "ProfileUpdated", b"x" * 500), History(attempts=1))


def _lines(start: str, costs: Sequence[Cost]) -> Iterator[str]:
    for name in costs[0].calls:
        p50, p99 = (_spread([1000 * _at(share, cost.calls[name]) for cost in costs], 2) for share in (0.5, 0.99))
        together = _spread([cost.per_second for cost in costs], 0) if name == "claim" else ""
        yield f"{start} {name} | {p50} | {p99} | {together} |"


def _at(share: float, seconds: Sequence[float]) -> float:
    return seconds[int(len(seconds) * share)]


def _spread(figures: Sequence[float], digits: int) -> str:
    least, middle, most = min(figures), statistics.median(figures), max(figures)
    return f"{least:.{digits}f} < {middle:.{digits}f} < {most:.{digits}f}"


@contextmanager
def _opened(database: str) -> Iterator[str]:
    if database == "postgresql":
        with own_database(report=lambda _: None) as server:
            yield server.url
        return
    # Not in the system's folder for temporary files: that may lie in memory, where a commit costs nothing.
    local = project_local()
    local.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="claims-", dir=local) as folder:
        yield f"sqlite:///{folder}/ledger.db"


if __name__ == "__main__":
    main()
