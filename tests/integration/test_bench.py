"""The benchmark at its smallest, without peers: it measures, it checks, and it leaves nothing behind."""

import json
from pathlib import Path

import pika
import pytest

from bench.billing_client import billing_client
from bench.contest import run
from bench.orders import orders
from bench.systems import BARE, WORKER, Case, System
from sandbox.servers.errors import ServerFailed
from sandbox.servers.finding import OwnBroker
from worker.broker.address import BrokerAddress


@pytest.mark.parametrize("system", [WORKER, BARE], ids=lambda system: system.name)
def test_a_small_run_counts(system: System, broker: OwnBroker, tmp_path: Path) -> None:
    # So slow, a second for what counts, that also a busy machine looks at it in the midst of it.
    figures, delays = run(system, Case(0.05, 4), 2.0, broker.url, tmp_path)

    assert figures.commands_per_second > 0
    assert delays.p50 is not None


def test_nothing_is_left_at_the_broker(broker: OwnBroker) -> None:
    with billing_client(BrokerAddress(broker.url)) as billing:
        billing.send(orders(1))

    assert "bench-" not in broker.ctl("list_queues", "name")


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([("evt-000000", "Done"), ("evt-000001", "Done")], "1 have no event"),
        (
            [("evt-000000", "Done"), ("evt-000001", "Done"), ("evt-000002", "Done"), ("evt-000002", "Done")],
            "1 have several",
        ),
        ([("evt-000000", "Done"), ("evt-000001", "Done"), ("evt-000002", "CommandFailed")], "1 tell of a failure"),
        (
            [("evt-000000", "Done"), ("evt-000001", "Done"), ("evt-000002", "Done"), ("evt-000003", "Done")],
            "1 events are of no",
        ),
    ],
    ids=["missing", "twice", "failed", "strange"],
)
def test_a_run_that_is_no_proper_work_does_not_count(
    events: list[tuple[str, str]], fault: str, broker: OwnBroker
) -> None:
    with billing_client(BrokerAddress(broker.url)) as billing:
        billing.send(orders(3))
        publish_events(broker.url, f"{billing.prefix}.events", events)

        with pytest.raises(ServerFailed, match=fault):
            billing.settle()


def publish_events(url: str, exchange: str, events: list[tuple[str, str]]) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    for answered, kind in events:
        body = json.dumps({"type": kind, "data": {"command_id": answered}})
        channel.basic_publish(exchange, f"{kind}.billing", body.encode(), mandatory=True)
    connection.close()
