"""What is reported of pauses: one gauge for each cause, and the login in the log."""

from tests.support.logged import Logged
from worker.domain.telemetry import IntakePaused, IntakeResumed, PausesUnshared
from worker.telemetry.logs import subject_writer
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder


def test_the_gauge_holds_while_any_login_is_paused_and_the_log_names_it() -> None:
    metrics, logged = Metrics("1.2.3"), Logged()
    recorder = Recorder(metrics, logged.log, lambda subject: subject)

    def gauge() -> float | None:
        return metrics.registry.get_sample_value("provisioning_intake_paused", {"cause": "outage"})

    recorder.emit(IntakePaused("outage", "v2", "500"))
    recorder.emit(IntakePaused("outage", "v3", "502"))
    recorder.emit(IntakeResumed("outage", "v2", held=True))
    assert gauge() == 1
    recorder.emit(IntakeResumed("outage", "v3", held=False))
    recorder.emit(IntakePaused("ledger", None, "locked"))
    recorder.emit(PausesUnshared("the ledger is away"))

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
    recorder = Recorder(Metrics("1.2.3"), logged.log, subject_writer("hashed"))

    recorder.emit(IntakePaused("outage", "v2", "the list with customer ada cannot be read: no ada here"))
    recorder.emit(IntakePaused("ledger", None, "locked"))

    outage, ledger = (line["detail"] for line in logged.entries)
    assert "ada" not in outage
    assert "/readyz" in outage
    assert ledger == "locked"
