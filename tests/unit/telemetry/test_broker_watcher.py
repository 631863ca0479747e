"""What the log tells of the broker's exchanges and queues."""

from typing import Any

from tests.support.logged import Logged
from worker.telemetry.metrics import Metrics
from worker.telemetry.observers import BrokerWatcher


def test_what_is_missing_and_what_was_declared_again_is_said_with_what_it_means() -> None:
    logged = Logged()
    watcher = BrokerWatcher(Metrics("1.2.3"), logged.log)

    watcher.topology_faults(("exchange p.commands: NOT_FOUND. Run `provisioning-worker topology apply`",))
    watcher.topology_faults(())
    watcher.declared_again(("exchange p.commands",))

    missing, whole, again = logged.entries
    told: list[Any] = [missing["event"], missing["level"], whole["event"], again["event"], again["level"]]
    assert told == ["topology_incomplete", "error", "topology_complete_again", "topology_declared_again", "warning"]
    assert "topology apply" in missing["missing"][0]
    assert again["declared"] == ["exchange p.commands"]
    assert "came back to its sender" in again["detail"]
