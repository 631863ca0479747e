"""What the worker shows of itself over HTTP: metrics by their fixed names, liveness, readiness."""

import time

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from sandbox.provider.faults import Fault, FaultRule
from tests.support.commands import Command, create, new_username
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

NAMES = {
    "provisioning_commands_total",
    "provisioning_command_seconds",
    "provisioning_command_wait_seconds",
    "provisioning_commands_in_flight",
    "provisioning_commands_held",
    "provisioning_commands_parked",
    "provisioning_retries_total",
    "provisioning_dead_letters_total",
    "provisioning_provider_requests_total",
    "provisioning_provider_request_seconds",
    "provisioning_intake_paused",
    "provisioning_events_published_total",
    "provisioning_publish_confirm_seconds",
    "provisioning_broker_connected",
    "provisioning_broker_reconnects_total",
    "provisioning_ledger_seconds",
    "provisioning_queue_messages",
    "provisioning_last_applied_timestamp_seconds",
    "provisioning_log_lines_dropped_total",
    "provisioning_build_info",
}
COUNTED: dict[str, dict[str, str]] = {
    "provisioning_commands_total": {"command": "CreateCustomer", "outcome": "applied"},
    "provisioning_command_seconds_count": {"command": "CreateCustomer"},
    "provisioning_command_wait_seconds_count": {"command": "CreateCustomer"},
    "provisioning_retries_total": {"command": "CreateCustomer", "cause": "unknown", "charged": "no"},
    "provisioning_events_published_total": {"event": "CustomerCreated", "result": "confirmed"},
    "provisioning_publish_confirm_seconds_count": {"event": "CustomerCreated", "result": "confirmed"},
    "provisioning_provider_requests_total": {"operation": "add", "result": "success"},
    "provisioning_provider_request_seconds_count": {"operation": "add", "result": "unknown"},
}


def readings(worker: WorkerProcess) -> dict[str, float]:
    return {name: worker.metric(name, **labels) for name, labels in COUNTED.items()}


def timed(command: Command) -> Command:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return create(command.username, extra={"time": now})


def test_every_metric_is_there_under_its_name(installation: Installation, worker: WorkerProcess) -> None:
    command = create(new_username())
    installation.emitter.publish(command)
    installation.listener.await_event(command)
    shown = {line.split()[2] for line in worker.ask("/metrics").body.splitlines() if line.startswith("# TYPE")}
    assert shown >= NAMES
    queue = installation.topology.command_queues[0]
    wait_for(lambda: ("provisioning_queue_messages", frozenset({("queue", queue)})) in worker.metrics(), "its depth")


def test_an_applied_command_and_its_calls_are_counted_once_each(
    installation: Installation, worker: WorkerProcess
) -> None:
    command = timed(create(new_username()))
    rule = FaultRule(fault=Fault.DROP_BEFORE, operation="add", username=command.username, times=1)
    installation.sandbox.inject(rule)
    before = readings(worker)
    installation.emitter.publish(command)
    installation.listener.await_event(command)
    wait_for(
        lambda: readings(worker)["provisioning_commands_total"] > before["provisioning_commands_total"], "the count"
    )
    after = readings(worker)
    assert {name: after[name] - before[name] for name in COUNTED} == dict.fromkeys(COUNTED, 1)


def test_failures_and_repeats_are_counted_by_what_they_are(installation: Installation, worker: WorkerProcess) -> None:
    labels = {"command": "CreateCustomer"}
    before = [
        worker.metric("provisioning_commands_total", outcome="failed", **labels),
        worker.metric("provisioning_commands_total", outcome="duplicate", **labels),
        worker.metric("provisioning_dead_letters_total", reason="provider_rejected", **labels),
    ]
    command = create(new_username(), package="Platinum")
    installation.emitter.publish(command, command)

    def counted() -> bool:
        return worker.metric("provisioning_commands_total", outcome="duplicate", **labels) > before[1]

    wait_for(counted, "the repeat")
    assert worker.metric("provisioning_commands_total", outcome="failed", **labels) == before[0] + 1
    assert worker.metric("provisioning_dead_letters_total", reason="provider_rejected", **labels) == before[2] + 1


def test_an_unknown_type_is_counted_as_unknown_and_not_by_its_name(
    installation: Installation, worker: WorkerProcess
) -> None:
    command = Command("BuyCow", {})
    installation.emitter.publish(command)
    installation.listener.await_event(command)
    unknown = {"command": "unknown", "reason": "unknown_type"}
    wait_for(lambda: worker.metric("provisioning_dead_letters_total", **unknown), "the count")
    assert "BuyCow" not in worker.ask("/metrics").body


def test_the_gauges_show_the_present(installation: Installation, worker: WorkerProcess) -> None:
    started = time.time()
    command = create(new_username())
    installation.emitter.publish(command)
    installation.listener.await_event(command)
    wait_for(lambda: worker.metric("provisioning_last_applied_timestamp_seconds") >= started, "the time")
    assert worker.metric("provisioning_broker_connected", role="consume") == 1
    assert worker.metric("provisioning_broker_connected", role="publish") == 1
    wait_for(lambda: worker.metric("provisioning_commands_in_flight") == 0, "an idle worker")
    assert worker.metric("provisioning_commands_held") == 0


def gauges(worker: WorkerProcess) -> tuple[float, float]:
    """What runs and what waits, in one look."""
    shown, without = worker.metrics(), frozenset[tuple[str, str]]()
    return shown["provisioning_commands_in_flight", without], shown["provisioning_commands_held", without]


def test_what_runs_and_what_waits_behind_it_are_shown(installation: Installation, worker: WorkerProcess) -> None:
    commands = [create(new_username(), subject="cus_gauge") for _ in range(3)]
    installation.sandbox.inject(FaultRule(fault=Fault.HELD))
    installation.emitter.publish(*commands)
    # At one moment: a call that is kept for too long is given up, and waits for its next attempt.
    wait_for(lambda: gauges(worker) == (1, 2), "one that runs, and two that wait behind it")
    installation.sandbox.clear_faults()
    installation.listener.await_events(commands)


def test_openmetrics_is_spoken_when_it_is_asked_for(worker: WorkerProcess) -> None:
    answer = worker.ask("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.content_type.startswith("application/openmetrics-text")
    names = {
        metric.name
        for metric in text_string_to_metric_families(answer.body)  # type: ignore[no-untyped-call]  # it ships untyped
    }
    assert "provisioning_commands" in names


def test_health_answers_in_json(worker: WorkerProcess) -> None:
    live, ready = worker.ask("/livez"), worker.ask("/readyz")
    assert (live.status, live.document["live"]) == (200, True)
    assert all(live.document["loops"].values())
    assert (ready.status, ready.document["state"]) == (200, "consuming or standing by")
    assert ready.document["broker"] == {"consume": "connected", "publish": "connected"}
    assert worker.ask("/elsewhere").status == 404
