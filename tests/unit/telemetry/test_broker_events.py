"""What the log says of the broker's exchanges and queues."""

from typing import Any

from tests.support.logged import Logged
from worker.domain.telemetry import (
    BrokerConnected,
    BrokerDisconnected,
    BrokerReconnected,
    TopologyComplete,
    TopologyDeclaredAgain,
    TopologyIncomplete,
)
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder


def test_what_is_missing_and_what_was_declared_again_is_reported_with_what_it_means() -> None:
    logged = Logged()
    recorder = Recorder(Metrics("1.2.3"), logged.log, lambda subject: subject)

    recorder.emit(TopologyIncomplete(("exchange p.commands: NOT_FOUND. Run `provisioning-worker topology apply`",)))
    recorder.emit(TopologyComplete())
    recorder.emit(TopologyDeclaredAgain(("exchange p.commands",)))

    missing, whole, again = logged.entries
    found: list[Any] = [missing["event"], missing["level"], whole["event"], again["event"], again["level"]]
    assert found == [
        "topology_incomplete",
        "error",
        "topology_complete_again",
        "topology_declared_again",
        "warning",
    ]
    assert "topology apply" in missing["missing"][0]
    assert again["declared"] == ["exchange p.commands"]
    assert "came back to its sender" in again["detail"]


def test_a_connection_after_the_first_is_counted_and_the_gauge_follows() -> None:
    logged, metrics = Logged(), Metrics("1.2.3")
    recorder = Recorder(metrics, logged.log, lambda subject: subject)
    seen: list[tuple[float | None, float | None]] = []

    for event in (BrokerConnected("consume"), BrokerDisconnected("consume", "reset"), BrokerReconnected("consume")):
        recorder.emit(event)
        seen.append(
            (
                metrics.registry.get_sample_value("provisioning_broker_connected", {"role": "consume"}),
                metrics.registry.get_sample_value("provisioning_broker_reconnects_total", {"role": "consume"}),
            )
        )

    assert seen == [(1, 0), (0, 0), (1, 1)]
    assert [line["event"] for line in logged.entries] == [
        "broker_connected",
        "broker_disconnected",
        "broker_connected",
    ]
