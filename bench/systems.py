"""Who is measured, how it is started, and what it does not promise."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.envelopes import Wrapping, for_celery, for_dramatiq, for_faststream, plain

PROJECT = Path(__file__).resolve().parents[1]
#: The interpreter of the peers' environment; `scripts/bench` makes it.
PEERS_PYTHON = PROJECT / ".local" / "peers" / "bin" / "python"

_NO_LEDGER = "repeats a call after a crash or a redelivery; no order per customer"


@dataclass(frozen=True, slots=True)
class System:
    """One competitor. `argv` (after `python -m`) depends on the calls that may be in flight, and on the queue.

    `lacks` names what it does not guarantee and the worker does. `alone` says that it never has two calls in flight;
    `litters`, that it declares things outside its prefix.
    """

    name: str
    argv: Callable[[int, str], Sequence[str]]
    lacks: str
    wrapping: Wrapping = plain
    is_peer: bool = False
    alone: bool = False
    litters: bool = False

    @property
    def python(self) -> str:
        """The interpreter it runs with."""
        return str(PEERS_PYTHON) if self.is_peer else sys.executable


WORKER = System("worker", lambda _calls, _queue: ["worker", "run"], "-")
FASTSTREAM = System(
    "FastStream",
    lambda _calls, _queue: ["bench.peers.with_faststream"],
    f"{_NO_LEDGER}; a failed call is neither tried again nor answered",
    wrapping=for_faststream,
    is_peer=True,
)
DRAMATIQ = System(
    "Dramatiq",
    lambda calls, _queue: ["dramatiq", "bench.peers.with_dramatiq", "--processes", "1", "--threads", str(calls)],
    f"{_NO_LEDGER}; its dead letters end after 7 days",
    wrapping=for_dramatiq,
    is_peer=True,
)
CELERY = System(
    "Celery",
    lambda calls, queue: [
        *("celery", "--app", "bench.peers.with_celery", "worker", "--pool", "threads", "--concurrency", str(calls)),
        *("--queues", queue, "--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
    ],
    f"{_NO_LEDGER}; a failed task is acknowledged and gone",
    wrapping=for_celery,
    is_peer=True,
    litters=True,
)
NAIVE = System(
    "naive loop",
    lambda _calls, _queue: ["bench.naive"],
    f"{_NO_LEDGER} after a crash; a failed call ends it",
    alone=True,
)
BARE = System("bare loop", lambda _calls, _queue: ["bench.bare"], f"{_NO_LEDGER}; a failed call ends it")

#: In the order in which they take turns.
SYSTEMS = (WORKER, FASTSTREAM, DRAMATIQ, CELERY, NAIVE, BARE)


def invited(wanted: Sequence[System], *, peers: bool, given: bool) -> tuple[list[System], list[str]]:
    """Who of them can be measured, and why others cannot: with `peers` installed or not, on a `given` broker or not."""
    remarks = []
    if not peers and any(one.is_peer for one in wanted):
        remarks.append("Without the peers: they are not installed here; `make bench` says why, and tries again.")
    left = [one for one in wanted if peers or not one.is_peer]
    if given and any(one.litters for one in left):
        names = ", ".join(one.name for one in left if one.litters)
        remarks.append(f"Without {names}: what it declares for itself would stay on the broker that was given.")
    return [one for one in left if not (given and one.litters)], remarks


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of everybody: seconds until the provider answers, and calls in flight."""

    latency_seconds: float
    calls: int

    def __str__(self) -> str:
        return f"{self.latency_seconds * 1000:.0f} ms, {self.calls} calls"


CASES = tuple(Case(latency, calls) for latency in (0.0, 0.05) for calls in (32, 128))


@dataclass(frozen=True, slots=True)
class Span:
    """How many commands pass before the counting begins, how many are counted, and how many are left when it ends.

    Without what is left, work that is begun before the counting (calls in flight, deliveries ahead) would look free.
    """

    warm_up: int
    counted: int
    left: int

    @property
    def total(self) -> int:
        """All commands of the span."""
        return self.warm_up + self.counted + self.left


def spanning(total: int) -> Span:
    """A sixth to warm up, a quarter left at the end."""
    warm_up, left = total // 6, total // 4
    return Span(warm_up, total - warm_up - left, left)


#: What a fast one does in a second when nothing but Python holds it up, and what a call takes beside the provider.
_FAST, _CALL_SECONDS = 900, 0.0015
_FEWEST = 60


def span_of(system: System, case: Case, seconds: float) -> Span:
    """As many commands as keep a fast system busy for so long."""
    together = 1 if system.alone else case.calls
    rate = min(_FAST, together / (case.latency_seconds + _CALL_SECONDS))
    return spanning(max(_FEWEST, round(rate * seconds)))
