"""Growth curves of the worker: a longer backlog, a larger ledger, more customers. Each point is a run of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import NullPool, create_engine

from bench.billing_client import billing_client
from bench.contest import competitor, provider, settings
from bench.figures import measure
from bench.filling import fill
from bench.orders import BenchOrder, orders, spread_orders
from bench.results import Point
from bench.systems import WORKER, Case, spanning
from worker.broker.address import BrokerAddress
from worker.ledger.keyfile import load_keys
from worker.ledger.migrations.migrate import migrate
from worker.settings.model import LONGEST_KEEP_DAYS

_MEASURED = 3_000
_CALLS = 32


@dataclass(frozen=True, slots=True)
class Growth:
    """One curve: what grows, to which sizes, and how one point of it is measured (broker, folder, size)."""

    title: str
    what: str
    sizes: Sequence[int]
    measured: Callable[[str, Path, int], Point]


def _of_backlog(broker_url: str, folder: Path, size: int) -> Point:
    """The first commands of a backlog of that size; the rest is thrown away."""
    return _measured(broker_url, folder, Case(0.0, _CALLS), (orders(size), size))


def _of_ledger(broker_url: str, folder: Path, size: int) -> Point:
    """A ledger that has so many finished commands already."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    # A worker takes a ledger without a key file for one that has lost it.
    load_keys((), url)
    engine = create_engine(url, poolclass=NullPool)
    migrate(engine)
    fill(engine, 1, size)
    engine.dispose()
    point = _measured(broker_url, folder, Case(0.0, _CALLS), (orders(_MEASURED), _MEASURED))
    return Point(size, point.commands_per_second, point.cpu_seconds, point.peak_bytes)


def _of_customers(broker_url: str, folder: Path, size: int) -> Point:
    """Commands of so many customers in turn, each of whom may have one call in flight: all of them are measured."""
    # One customer gets 200 calls a second at most.
    count = max(size, min(_MEASURED, 1_000 * size))
    point = _measured(broker_url, folder, Case(0.005, _CALLS), (spread_orders(count, size), count), to=count)
    return Point(size, point.commands_per_second, point.cpu_seconds, point.peak_bytes)


def _measured(
    broker_url: str, folder: Path, case: Case, commands: tuple[Iterable[BenchOrder], int], to: int = _MEASURED
) -> Point:
    sent, count = commands
    last = min(count, to)
    with billing_client(BrokerAddress(broker_url)) as billing, provider(case.latency_seconds, folder) as stub:
        billing.send(sent)
        # What fills a ledger is years old, and is not to be pruned meanwhile.
        named = settings(broker_url, billing, stub, folder) | {"LEDGER__KEEP_DAYS": str(LONGEST_KEEP_DAYS)}
        with competitor(WORKER, case.calls, named, folder) as program:
            figures = measure(program, billing.count_events, spanning(last), 0.0)
        billing.settle(whole=last == count)
    return Point(count, figures.commands_per_second, figures.cpu_seconds, figures.peak_bytes)


#: By the names that the command line knows.
CURVES = MappingProxyType(
    {
        "backlog": Growth("Backlog", "commands waiting at the start", (1_000, 10_000, 100_000, 1_000_000), _of_backlog),
        "ledger": Growth("Ledger", "finished commands in it", (1_000, 100_000, 1_000_000, 5_000_000), _of_ledger),
        "customers": Growth(
            "Customers", "customers, 5 ms at the provider", (1, 10, 100, 1_000, 10_000, 100_000), _of_customers
        ),
    }
)
