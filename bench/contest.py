"""One run: one competitor, one provider latency, on queues and a ledger of its own."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.desk import Desk, desk
from bench.figures import Figures, Span, measure
from bench.orders import orders
from bench.programs import BenchProgram
from worker.broker.address import BrokerAddress

#: Calls in flight of the worker: its default, written down here because the latency bound rests on it.
CONCURRENCY = 32


class Competitor(StrEnum):
    """Who is measured."""

    WORKER = "worker"
    NAIVE = "naive loop"


@dataclass(frozen=True, slots=True)
class Heat:
    """What one run is about."""

    competitor: Competitor
    latency_seconds: float
    span: Span


#: Long enough for some seconds each. The naive loop does about 19 commands a second at 50 ms, so it gets fewer.
HEATS = (
    Heat(Competitor.WORKER, 0.0, Span(warm_up=500, counted=2_000)),
    Heat(Competitor.NAIVE, 0.0, Span(warm_up=100, counted=1_000)),
    Heat(Competitor.WORKER, 0.05, Span(warm_up=500, counted=4_000)),
    Heat(Competitor.NAIVE, 0.05, Span(warm_up=20, counted=150)),
)


def run(heat: Heat, broker_url: str, folder: Path) -> Figures:
    """Send all commands, then start the competitor and measure it. `folder` must be new, and on a real disk.

    Raises ServerFailed when a program does not do its work, or not properly.
    """
    commands = list(orders(heat.span.total))
    with desk(BrokerAddress(broker_url)) as billing, _provider(heat.latency_seconds, folder) as provider:
        billing.send(commands)
        with _competitor(heat.competitor, _settings(broker_url, billing, provider, folder), folder) as program:
            figures = measure(program, billing.told, heat.span)
        billing.check(commands)
    return figures


def _provider(latency_seconds: float, folder: Path) -> BenchProgram:
    return BenchProgram("provider", ["bench.stub", str(latency_seconds)], {}, folder)


def _competitor(competitor: Competitor, settings: dict[str, str], folder: Path) -> BenchProgram:
    argv = ["worker", "run"] if competitor is Competitor.WORKER else ["bench.naive"]
    return BenchProgram("competitor", argv, settings, folder)


def _settings(broker_url: str, billing: Desk, provider: BenchProgram, folder: Path) -> dict[str, str]:
    return {
        "AMQP__URL": broker_url,
        "AMQP__PREFIX": billing.prefix,
        # The broker was named by whoever runs this, wherever it is.
        "ALLOW_PLAINTEXT": "true",
        "PROVIDER__BASE_URL": provider.first_line(),
        "PROVIDER__API_USER": "bench-reseller",
        "PROVIDER__API_KEY": "bench-key",
        "WORKER__CONCURRENCY": str(CONCURRENCY),
        "LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "HTTP__PORT": "0",
    }
