"""One run: one system, one case, on queues and a ledger of its own."""

import time
from collections.abc import Sequence
from pathlib import Path

from bench.arithmetic import percentile
from bench.billing_client import BillingClient, billing_client
from bench.figures import Figures, measure
from bench.orders import orders
from bench.results import Delays
from bench.systems import PROJECT, Case, System, span_of
from sandbox.demo.programs import Program
from worker.broker.address import BrokerAddress

_FEWEST_PACED = 40


def run(system: System, case: Case, seconds: float, broker_url: str, folder: Path) -> tuple[Figures, Delays]:
    """Have a backlog of about so many seconds worked off, then send at half the rate that came of it, as long again.

    `folder` must be new, and on a real disk. Raises ServerFailed when a program does not do its work, or not properly.
    """
    span = span_of(system, case, seconds)
    with (
        billing_client(BrokerAddress(broker_url), system.wrapping) as billing,
        provider(case.latency_seconds, folder) as stub,
    ):
        billing.send(orders(span.total))
        started = time.monotonic()
        with competitor(system, case.calls, settings(broker_url, billing, stub, folder), folder) as program:
            figures = measure(program, billing.count_events, span, started)
            half = figures.commands_per_second / 2
            paced = list(orders(max(_FEWEST_PACED, round(half * seconds)), first=span.total))
            delays = delays_of(billing.paced(paced, half), half)
        billing.settle()
    return figures, delays


def provider(latency_seconds: float, folder: Path) -> Program:
    """The light stand-in provider, whose first line is its URL."""
    return Program("provider", ["bench.stub", str(latency_seconds)], {"PYTHONPATH": str(PROJECT)}, folder)


def competitor(system: System, calls: int, named: dict[str, str], folder: Path) -> Program:
    """The system's program, with that many calls in flight at most."""
    environment = {f"PROVISIONING_{name}": value for name, value in named.items()}
    environment |= {"PROVISIONING_WORKER__CONCURRENCY": str(calls), "PYTHONPATH": str(PROJECT)}
    argv = system.argv(calls, f"{named['AMQP__PREFIX']}.commands.00")
    return Program("competitor", argv, environment, folder, python=system.python)


def settings(broker_url: str, billing: BillingClient, stub: Program, folder: Path) -> dict[str, str]:
    """Everything but the calls in flight, by the names after `PROVISIONING_`."""
    return {
        "AMQP__URL": broker_url,
        "AMQP__PREFIX": billing.prefix,
        # The broker was named by whoever runs this, wherever it is.
        "ALLOW_PLAINTEXT": "true",
        "PROVIDER__BASE_URL": stub.first_line(),
        "PROVIDER__API_USER": "bench-reseller",
        "PROVIDER__API_KEY": "bench-key",
        "LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "HTTP__PORT": "0",
    }


def delays_of(ordered: Sequence[float], per_second: float) -> Delays:
    """What of sorted seconds is kept."""
    p50, p95, p99 = (percentile(ordered, hundredth) for hundredth in (50, 95, 99))
    return Delays(per_second, len(ordered), p50, p95, p99)
