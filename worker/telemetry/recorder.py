"""What becomes of each event: its log line, and the metrics that it changes. TABLE says what the worker reports.

The labels of a metric are the event's attributes of the same names; a measure whose value is None is left out.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

import structlog

from messages.envelope import Envelope
from messages.errors import CommandName
from worker.domain import telemetry as happened
from worker.domain.telemetry import TelemetryEvent
from worker.domain.work import Requested, Work
from worker.telemetry.customers import Writer, crash_words, names_customers, wording
from worker.telemetry.metrics import Metrics, labels_of

_DECLARED_AGAIN = (
    "Somebody had deleted them. What was published there meanwhile came back to its sender, or is lost if the sender "
    "did not ask for that; what waited in a deleted queue is lost. Others must bind their own queues again."
)
_LEFT_OUT = "/readyz tells what the provider says; it may name a customer, and PROVISIONING_LOG__SUBJECTS is hashed"
_EXPIRES = (
    "Its emitter sets `expiration`. A command that is not settled in that time, also because the worker is stopped or "
    "paused, is thrown out by the broker, and no event answers it. Have the emitter set none."
)
_OVERTAKES = (
    "Its emitter sets a `priority` above 4. RabbitMQ 4 hands such commands over before earlier ones, also of the same "
    "customer, and no setting of the queue prevents it. Have the emitter set none."
)
_IS_OVERTAKEN = (
    "Its emitter sets a `priority` below 4. From RabbitMQ 4.3 on, later commands without a priority, which count as 4, "
    "are handed over before it, also of the same customer. Have the emitter set none."
)
_NAMELESS = "unknown"

_Log = structlog.typing.FilteringBoundLogger
_Action = Callable[[Any], None]

#: So many values of `once_for` are known; whoever makes up a new source for each command must not fill the memory
#: or the log.
_MOST_LOGGED_ONCE = 1_000

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wording:
    """How customers stand in the log: `subject` writes one reference, `text` a text about a unit of work."""

    subject: Callable[[str | None], str | None]
    text: Callable[[Work, str], str]
    names_customers: bool


#: The fields of a log line, in their order.
Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventRow:
    """The log line and the metrics of one kind of event.

    `level`, `line` and `fields`: its log line, if it has one; `once_for` logs only the first for each value of that
    field. `counts`: counters that go up by one; `times`: histograms, and `sets`: gauges, each with the attribute that
    holds the value.
    """

    event: type
    level: str = ""
    line: str = ""
    fields: Callable[[Any, Wording], Fields] = lambda _event, _wording: {}
    once_for: str = ""
    counts: tuple[str, ...] = ()
    times: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)


def _named(*attributes: str) -> Callable[[Any, Wording], Fields]:
    """The event's attributes of these names, as they are."""
    return lambda event, _wording: {name: getattr(event, name) for name in attributes}


def _settled(event: happened.CommandSettled, wording: Wording) -> Fields:
    work, waited = event.work, event.wait_seconds
    return {
        **_ids(work, wording),
        "outcome": event.outcome.value,
        "reason": event.reason.value if event.reason else None,
        "detail": wording.text(work, event.detail) if event.detail else None,
        "attempts": event.attempts,
        "duration_seconds": round(event.seconds, 6),
        "wait_seconds": None if waited is None else round(waited, 6),
        "redelivered": work.delivery.redelivered,
        **_dropped(work),
    }


def _retried(event: happened.CommandRetried, wording: Wording) -> Fields:
    return {
        **_ids(event.work, wording),
        "cause": event.cause.value,
        "charged": event.charged,
        "detail": wording.text(event.work, event.detail),
        "delay_seconds": round(event.delay_seconds, 3),
    }


def _crashed(event: happened.HandlerCrashed, wording: Wording) -> Fields:
    work, error = event.work, event.error
    if work is None:
        return {"exc_info": error}
    return {**_ids(work, wording), "exception": wording.text(work, crash_words(work, error))}


def _unpublishable(event: happened.CommandUnpublishable, wording: Wording) -> Fields:
    return {**_ids(event.work, wording), "detail": wording.text(event.work, event.detail)}


def _risky(event: happened.CommandMayExpire | happened.CommandMayChangePlaces, _wording: Wording) -> Fields:
    source, command_id = _emitter(event.work)
    detail = _EXPIRES
    if isinstance(event, happened.CommandMayChangePlaces):
        detail = _OVERTAKES if event.value > happened.USUAL_PRIORITY else _IS_OVERTAKEN
    named = {"command_source": source, "command_id": command_id}
    return {**named, "property": event.property, "value": str(event.value), "detail": detail}


def _paused(event: happened.IntakePaused, wording: Wording) -> Fields:
    # The words of an outage are the provider's, and may name a customer.
    shown = event.detail if wording.names_customers or event.cause != "outage" else _LEFT_OUT
    return {**_resumed(event, wording), "detail": shown}


def _resumed(event: happened.IntakePaused | happened.IntakeResumed, _wording: Wording) -> Fields:
    return {"cause": event.cause} | ({} if event.login is None else {"login": event.login})


def _not_reached(event: happened.BrokerNotReached, _wording: Wording) -> Fields:
    return {"role": event.role, "reason": event.reason, "retry_seconds": round(event.retry_seconds, 2)}


def _callback_crashed(event: happened.BrokerCallbackCrashed, _wording: Wording) -> Fields:
    return {"role": event.role, "exc_info": event.error}


def _declared_again(event: happened.TopologyDeclaredAgain, _wording: Wording) -> Fields:
    return {"declared": list(event.declared), "detail": _DECLARED_AGAIN}


def _ids(work: Work, wording: Wording) -> dict[str, str | None]:
    content = work.content
    named: Envelope | CommandName | None = content.envelope if isinstance(content, Requested) else content.name
    if named is None:
        return {"command": work.command, "message_id": work.delivery.properties.message_id}
    return {
        "command": work.command,
        "command_id": named.id,
        "command_source": named.source,
        "subject": wording.subject(named.subject),
        "correlation_id": named.correlationid or named.id,
        "trace_id": named.traceparent.split("-")[1] if named.traceparent else None,
    }


def _dropped(work: Work) -> dict[str, str]:
    dropped = work.content.envelope.dropped if isinstance(work.content, Requested) else ()
    return {"dropped": "; ".join(dropped)} if dropped else {}


def _emitter(work: Work) -> tuple[str, str | None]:
    """Whose a delivery is, by its envelope; else by what the emitter's library says of itself."""
    named = work.content.envelope if isinstance(work.content, Requested) else work.content.name
    if named is not None:
        return named.source, named.id
    return work.delivery.properties.app_id or _NAMELESS, work.delivery.properties.message_id


_COMMAND_TIMES = {"command_seconds": "seconds", "command_wait_seconds": "wait_seconds"}
_APPLIED = {"last_applied_timestamp_seconds": "applied_at"}

TABLE = (
    EventRow(
        happened.CommandSettled,
        "info",
        "command_settled",
        _settled,
        counts=("commands",),
        times=_COMMAND_TIMES,
        sets=_APPLIED,
    ),
    EventRow(
        happened.CommandDeadLettered,
        "warning",
        "command_settled",
        _settled,
        counts=("commands", "dead_letters"),
        times=_COMMAND_TIMES,
    ),
    EventRow(happened.CommandRetried, "info", "command_retried", _retried, counts=("retries",)),
    EventRow(happened.HandlerCrashed, "error", "handler_crashed", _crashed),
    EventRow(happened.CommandUnpublishable, "error", "command_unpublishable", _unpublishable),
    EventRow(happened.ParkedCommandUnsealable, "error", "parked_command_unsealable", _named("detail")),
    EventRow(happened.CommandNotTaken, "error", "command_not_taken", _named("detail")),
    EventRow(
        happened.CommandMayExpire,
        "warning",
        "command_may_expire",
        _risky,
        once_for="command_source",
        counts=("risky_properties",),
    ),
    EventRow(
        happened.CommandMayChangePlaces,
        "warning",
        "command_may_change_places",
        _risky,
        once_for="command_source",
        counts=("risky_properties",),
    ),
    EventRow(happened.CommandsParked, "info", "commands_parked", _named("count", "total")),
    EventRow(happened.ParkedCommandsTakenOver, "info", "parked_commands_taken_over", _named("count")),
    EventRow(happened.MessagePublished, counts=("events_published",), times={"publish_confirm_seconds": "seconds"}),
    EventRow(happened.ProviderCalled, counts=("provider_requests",), times={"provider_request_seconds": "seconds"}),
    EventRow(happened.LedgerTimed, times={"ledger_seconds": "seconds"}),
    EventRow(happened.LedgerPruned, "info", "ledger_pruned", _named("commands", "refusals")),
    EventRow(happened.LedgerPruneFailed, "warning", "ledger_prune_failed", _named("detail")),
    EventRow(happened.IntakePaused, "warning", "intake_paused", _paused, sets={"intake_paused": "held"}),
    EventRow(happened.IntakeResumed, "info", "intake_resumed", _resumed, sets={"intake_paused": "held"}),
    EventRow(happened.PausesUnshared, "warning", "pauses_not_shared", _named("detail")),
    EventRow(
        happened.BrokerConnected,
        "info",
        "broker_connected",
        _named("role"),
        sets={"broker_connected": "connected"},
    ),
    EventRow(
        happened.BrokerReconnected,
        "info",
        "broker_connected",
        _named("role"),
        counts=("broker_reconnects",),
        sets={"broker_connected": "connected"},
    ),
    EventRow(
        happened.BrokerDisconnected,
        "warning",
        "broker_disconnected",
        _named("role", "reason"),
        sets={"broker_connected": "connected"},
    ),
    EventRow(happened.BrokerNotReached, "warning", "broker_unreachable", _not_reached),
    EventRow(happened.BrokerBlocked, "warning", "broker_blocked", _named("reason")),
    EventRow(happened.BrokerUnblocked, "info", "broker_takes_messages_again"),
    EventRow(happened.BrokerCallbackCrashed, "error", "broker_callback_crashed", _callback_crashed),
    EventRow(happened.TopologyDeclaredAgain, "warning", "topology_declared_again", _declared_again),
    EventRow(happened.TopologyIncomplete, "error", "topology_incomplete", _named("missing")),
    EventRow(happened.TopologyComplete, "info", "topology_complete_again"),
    EventRow(happened.WorkerStarted, "info", "worker_started", _named("http_port", "prefix")),
    EventRow(happened.WorkerStopping, "info", "worker_stopping", _named("held", "abandoned")),
    EventRow(happened.WorkerStopped, "info", "worker_stopped", _named("abandoned")),
    EventRow(happened.PartDied, "error", "part_died", _named("parts", "detail")),
    EventRow(happened.SettingsNotReadAgain, "warning", "settings_not_read_again", _named("detail")),
)


class Recorder:
    """What the rooms report their events to. `subject` writes a customer reference for the log."""

    def __init__(self, metrics: Metrics, log: _Log, subject: Writer) -> None:
        self._metrics = metrics
        self._log = log
        self._wording = Wording(subject, wording(subject), names_customers(subject))
        self._logged_once: set[tuple[str, object]] = set()
        self._actions = {row.event: self._actions_of(row) for row in TABLE}

    def emit(self, event: TelemetryEvent) -> None:
        """Count, time and log it. Never raises: by now what it reports has happened."""
        try:
            for act in self._actions[type(event)]:
                act(event)
        except Exception:  # noqa: BLE001 - whatever it is
            _LOG.exception("%s could not be told", type(event).__name__)

    def _actions_of(self, row: EventRow) -> tuple[_Action, ...]:
        actions = [_counting(self._series(name)) for name in row.counts]
        actions += [_observing(self._series(name), attribute) for name, attribute in row.times.items()]
        actions += [_setting(self._series(name), attribute) for name, attribute in row.sets.items()]
        return (*actions, self._logging(row)) if row.line else tuple(actions)

    def _series(self, name: str) -> Callable[[Any], Any]:
        """From an event to the series of that metric that its labels name."""
        instrument, labels = self._metrics.instruments[name], labels_of(name)
        if not labels:
            return lambda _event: instrument
        # Finding a series by its labels costs more than counting in it; the labels come from closed sets.
        found, read = cache(instrument.labels), attrgetter(*labels)
        return (lambda event: found(read(event))) if len(labels) == 1 else (lambda event: found(*read(event)))

    def _logging(self, row: EventRow) -> _Action:
        write, wording = getattr(self._log, row.level), self._wording

        def log(event: object) -> None:
            fields = row.fields(event, wording)
            if not row.once_for or self._is_first(row.line, fields[row.once_for]):
                write(row.line, **fields)

        return log

    def _is_first(self, line: str, value: object) -> bool:
        entry = (line, value)
        if entry in self._logged_once or len(self._logged_once) >= _MOST_LOGGED_ONCE:
            return False
        self._logged_once.add(entry)
        return True


def _counting(series: Callable[[Any], Any]) -> _Action:
    def count(event: object) -> None:
        series(event).inc()

    return count


def _observing(series: Callable[[Any], Any], attribute: str) -> _Action:
    read = attrgetter(attribute)

    def observe(event: object) -> None:
        seconds = read(event)
        if seconds is not None:
            series(event).observe(seconds)

    return observe


def _setting(series: Callable[[Any], Any], attribute: str) -> _Action:
    read = attrgetter(attribute)

    def set_value(event: object) -> None:
        value = read(event)
        if value is not None:
            series(event).set(value)

    return set_value
