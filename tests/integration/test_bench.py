"""The benchmark at its smallest, without peers: it measures, it checks, and it leaves nothing behind."""

from pathlib import Path

import pytest

from bench.contest import run
from bench.desk import desk
from bench.orders import orders
from bench.systems import BARE, WORKER, Case, System
from sandbox.servers.errors import ServerFailed
from sandbox.servers.finding import OwnBroker
from worker.broker.address import BrokerAddress


@pytest.mark.parametrize("system", [WORKER, BARE], ids=lambda system: system.name)
def test_a_small_run_counts(system: System, broker: OwnBroker, tmp_path: Path) -> None:
    figures, delays = run(system, Case(0.0, 4), 0.1, broker.url, tmp_path)

    assert figures.commands_per_second > 0
    assert delays.p50 is not None
    assert "bench-" not in broker.ctl("list_queues", "name")


def test_commands_without_events_do_not_count(broker: OwnBroker) -> None:
    with desk(BrokerAddress(broker.url)) as billing:
        billing.send(orders(3))

        with pytest.raises(ServerFailed, match="3 have no event"):
            billing.settle()
