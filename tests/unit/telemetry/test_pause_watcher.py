"""What is told of pauses: one gauge for each cause, and the login in the log."""

from tests.support.logged import Logged
from worker.telemetry.metrics import Metrics
from worker.telemetry.observers import PauseWatcher


def test_the_gauge_holds_while_any_login_is_paused_and_the_log_names_it() -> None:
    metrics, logged = Metrics("1.2.3"), Logged()
    watcher = PauseWatcher(metrics, logged.log)

    def gauge() -> float | None:
        return metrics.registry.get_sample_value("provisioning_intake_paused", {"cause": "outage"})

    watcher.paused("outage", "v2", on=True, detail="500")
    watcher.paused("outage", "v3", on=True, detail="502")
    watcher.paused("outage", "v2", on=False, detail="")
    assert gauge() == 1
    watcher.paused("outage", "v3", on=False, detail="")
    watcher.paused("ledger", None, on=True, detail="locked")
    watcher.unshared("the ledger is away")

    assert gauge() == 0
    assert [(line["event"], line.get("cause"), line.get("login")) for line in logged.entries] == [
        ("intake_paused", "outage", "v2"),
        ("intake_paused", "outage", "v3"),
        ("intake_resumed", "outage", "v2"),
        ("intake_resumed", "outage", "v3"),
        ("intake_paused", "ledger", None),
        ("pauses_not_shared", None, None),
    ]


def test_a_log_that_names_no_customer_leaves_out_why_calls_fail() -> None:
    logged = Logged()
    watcher = PauseWatcher(Metrics("1.2.3"), logged.log, names_customers=False)

    watcher.paused("outage", "v2", on=True, detail="the list with customer ada cannot be read: no ada here")
    watcher.paused("ledger", None, on=True, detail="locked")

    outage, ledger = (line["detail"] for line in logged.entries)
    assert "ada" not in outage
    assert "/readyz" in outage
    assert ledger == "locked"
