"""The log lines are a contract with whoever reads them: names, levels and fields are written down here once more."""

from typing import get_args

import pytest

from messages.results import Outcome, Reason
from tests.support.logged import Logged
from tests.unit.telemetry.test_recorder import NOW, work
from worker.domain import telemetry as happened
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.work import RetryCause
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder

IDS = ("command", "command_id", "command_source", "subject", "correlation_id", "trace_id")
ENDED = ("outcome", "reason", "detail", "attempts", "duration_seconds", "wait_seconds", "redelivered")
RISK = ("command_source", "command_id", "property", "value", "detail")
MESSAGE = Outgoing(Destination.EVENTS, "key", b"", Properties(type="CustomerCreated"))
WORK = work()

#: Each event, and its line: level, name, fields in their order. None: only metrics change.
LINES: list[tuple[happened.TelemetryEvent, tuple[str, str, tuple[str, ...]] | None]] = [
    (
        happened.CommandSettled(WORK, Outcome.APPLIED, None, "", 1, 0.25, NOW),
        ("info", "command_settled", (*IDS, *ENDED)),
    ),
    (
        happened.CommandDeadLettered(WORK, Outcome.FAILED, Reason.INVALID, "why", 1, 0.25, NOW),
        ("warning", "command_settled", (*IDS, *ENDED)),
    ),
    (
        happened.CommandRetried(WORK, RetryCause.UNKNOWN, True, "no answer", 1.5),
        ("info", "command_retried", (*IDS, "cause", "charged", "detail", "delay_seconds")),
    ),
    (happened.HandlerCrashed(None, ValueError("ours")), ("error", "handler_crashed", ("exception",))),
    (happened.HandlerCrashed(WORK, ValueError("ours")), ("error", "handler_crashed", (*IDS, "exception"))),
    (happened.CommandUnpublishable(WORK, "why"), ("error", "command_unpublishable", (*IDS, "detail"))),
    (happened.ParkedCommandUnsealable("why"), ("error", "parked_command_unsealable", ("detail",))),
    (happened.CommandNotTaken("why"), ("error", "command_not_taken", ("detail",))),
    (happened.MessagePublished(MESSAGE, 0.1, True), None),
    (happened.CommandMayExpire(WORK, "60"), ("warning", "command_may_expire", RISK)),
    (happened.CommandMayChangePlaces(WORK, 9), ("warning", "command_may_change_places", RISK)),
    (happened.CommandsParked(1, 2), ("info", "commands_parked", ("count", "total"))),
    (happened.ParkedCommandsTakenOver(1), ("info", "parked_commands_taken_over", ("count",))),
    (happened.ProviderCalled("add", "success", 0.1), None),
    (happened.IntakePaused("outage", "v2", "500"), ("warning", "intake_paused", ("cause", "login", "detail"))),
    (happened.IntakePaused("ledger", None, "locked"), ("warning", "intake_paused", ("cause", "detail"))),
    (happened.IntakeResumed("outage", "v2", held=False), ("info", "intake_resumed", ("cause", "login"))),
    (happened.IntakeResumed("ledger", None, held=False), ("info", "intake_resumed", ("cause",))),
    (happened.PausesUnshared("why"), ("warning", "pauses_not_shared", ("detail",))),
    (happened.BrokerConnected("consume"), ("info", "broker_connected", ("role",))),
    (happened.BrokerReconnected("consume"), ("info", "broker_connected", ("role",))),
    (happened.BrokerDisconnected("consume", "reset"), ("warning", "broker_disconnected", ("role", "reason"))),
    (
        happened.BrokerNotReached("consume", "refused", 1.234),
        ("warning", "broker_unreachable", ("role", "reason", "retry_seconds")),
    ),
    (happened.BrokerBlocked("memory"), ("warning", "broker_blocked", ("reason",))),
    (happened.BrokerUnblocked(), ("info", "broker_takes_messages_again", ())),
    (
        happened.BrokerCallbackCrashed("consume", ValueError("ours")),
        ("error", "broker_callback_crashed", ("role", "exception")),
    ),
    (happened.TopologyDeclaredAgain(("queue q",)), ("warning", "topology_declared_again", ("declared", "detail"))),
    (happened.TopologyIncomplete(("queue q",)), ("error", "topology_incomplete", ("missing",))),
    (happened.TopologyComplete(), ("info", "topology_complete_again", ())),
    (happened.LedgerTimed("claim", 0.1), None),
    (happened.LedgerPruned(1, 2), ("info", "ledger_pruned", ("commands", "refusals"))),
    (happened.LedgerPruneFailed("why"), ("warning", "ledger_prune_failed", ("detail",))),
    (happened.WorkerStarted(9464, "p"), ("info", "worker_started", ("http_port", "prefix"))),
    (happened.WorkerStopping(1, 0), ("info", "worker_stopping", ("held", "abandoned"))),
    (happened.WorkerStopped(0), ("info", "worker_stopped", ("abandoned",))),
    (happened.PartDied(["timer"], "why"), ("error", "part_died", ("parts", "detail"))),
    (happened.SettingsNotReadAgain("why"), ("warning", "settings_not_read_again", ("detail",))),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=lambda value: type(value).__name__)
def test_every_event_has_the_line_that_readers_of_the_log_hold_on_to(
    event: happened.TelemetryEvent, line: tuple[str, str, tuple[str, ...]] | None
) -> None:
    logged = Logged()

    Recorder(Metrics("0"), logged.log, lambda subject: subject).emit(event)

    common = {"level", "event", "timestamp"}
    assert [
        (entry["level"], entry["event"], tuple(name for name in entry if name not in common))
        for entry in logged.entries
    ] == ([] if line is None else [line])


def test_no_event_is_left_out_here() -> None:
    assert {type(event) for event, _ in LINES} == set(get_args(happened.TelemetryEvent))
