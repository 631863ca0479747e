"""The metrics are a contract with dashboards: their names, types and labels are written down here once more."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from worker.telemetry.metrics import Metrics, labels_of

CONTRACT = {
    "provisioning_commands": ("counter", {"command", "outcome"}),
    "provisioning_command_seconds": ("histogram", {"command"}),
    "provisioning_command_wait_seconds": ("histogram", {"command"}),
    "provisioning_commands_in_flight": ("gauge", set()),
    "provisioning_commands_held": ("gauge", set()),
    "provisioning_commands_parked": ("gauge", set()),
    "provisioning_retries": ("counter", {"command", "cause", "charged"}),
    "provisioning_dead_letters": ("counter", {"command", "reason"}),
    "provisioning_risky_properties": ("counter", {"property"}),
    "provisioning_provider_requests": ("counter", {"operation", "result"}),
    "provisioning_provider_request_seconds": ("histogram", {"operation", "result"}),
    "provisioning_intake_paused": ("gauge", {"cause"}),
    "provisioning_events_published": ("counter", {"event", "result"}),
    "provisioning_publish_confirm_seconds": ("histogram", {"event", "result"}),
    "provisioning_broker_connected": ("gauge", {"role"}),
    "provisioning_broker_reconnects": ("counter", {"role"}),
    "provisioning_ledger_seconds": ("histogram", {"operation"}),
    "provisioning_queue_messages": ("gauge", {"queue"}),
    "provisioning_last_applied_timestamp_seconds": ("gauge", set()),
    "provisioning_log_lines_dropped": ("counter", set()),
    "provisioning_build_info": ("gauge", {"version"}),
}


def scraped(metrics: Metrics) -> dict[str, tuple[str, set[str]]]:
    found = {}
    for metric in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        labels = {name for sample in metric.samples for name in sample.labels} - {"le"}
        found[metric.name] = (metric.type, labels)
    return found


def used() -> Metrics:
    metrics = Metrics("1.2.3")
    metrics.watch(lambda: 1, lambda: 2, lambda: 1)
    metrics.watch_queues(["q"], lambda _: 3.0)
    metrics.watch_log(lambda: 4)
    for name, instrument in metrics.instruments.items():
        if labels_of(name):
            instrument.labels(*labels_of(name))
    return metrics


def test_every_metric_has_the_name_type_and_labels_that_dashboards_hold_on_to() -> None:
    assert scraped(used()) == CONTRACT


def test_every_series_that_an_alert_may_watch_exists_before_anything_happened() -> None:
    page = generate_latest(Metrics("1.2.3").registry).decode()

    assert 'provisioning_commands_total{command="unknown",outcome="failed"} 0.0' in page
    assert 'provisioning_dead_letters_total{command="CreateCustomer",reason="outcome_unknown"} 0.0' in page
    assert 'provisioning_intake_paused{cause="ledger"} 0.0' in page
    assert 'provisioning_broker_connected{role="consume"} 0.0' in page


def test_no_series_shows_when_a_counter_was_made() -> None:
    assert "_created" not in generate_latest(used().registry).decode()


def test_a_queue_nobody_could_ask_about_is_not_a_number() -> None:
    metrics = Metrics("1.2.3")
    metrics.watch_queues(["q"], lambda _: float("nan"))

    assert 'provisioning_queue_messages{queue="q"} NaN' in generate_latest(metrics.registry).decode()


def test_one_value_that_cannot_be_read_does_not_cost_the_page() -> None:
    metrics = Metrics("1.2.3")
    metrics.watch(lambda: 1, lambda: int("no number"), lambda: 1)

    page = generate_latest(metrics.registry).decode()

    assert "provisioning_commands_held NaN" in page
    assert "provisioning_commands_in_flight 1.0" in page
