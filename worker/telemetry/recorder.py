"""Writes what happens into the metrics and the log."""

import time
from collections.abc import Callable
from functools import cache

import structlog

from messages.envelope import Envelope
from messages.errors import CommandName
from messages.outcomes import Outcome
from worker.domain.deliveries import Destination, Outgoing
from worker.domain.work import Report, Requested, Retry, Work
from worker.telemetry.customers import crash_words, wording
from worker.telemetry.guarding import listener
from worker.telemetry.metrics import Metrics

_Log = structlog.typing.FilteringBoundLogger


@listener
class Recorder:
    """Implements the `Telemetry` port."""

    def __init__(self, metrics: Metrics, log: _Log, subject: Callable[[str | None], str | None]) -> None:
        self._metrics = metrics
        self._log = log
        self._subject = subject
        self._worded = wording(subject)
        # Finding a series by its labels costs more than counting in it; the labels come from closed sets.
        self._commands = cache(metrics.commands.labels)
        self._command_seconds = cache(metrics.command_seconds.labels)
        self._wait_seconds = cache(metrics.wait_seconds.labels)
        self._published = cache(metrics.published.labels)
        self._confirm_seconds = cache(metrics.confirm_seconds.labels)
        self._requests = cache(metrics.requests.labels)
        self._request_seconds = cache(metrics.request_seconds.labels)

    def settled(self, report: Report) -> None:
        """Count and log one answered delivery."""
        command = report.work.command
        self._commands(command, report.outcome.value).inc()
        self._command_seconds(command).observe(report.seconds)
        if report.outcome in {Outcome.APPLIED, Outcome.ALREADY_APPLIED}:
            self._metrics.last_applied.set_to_current_time()
        failed = report.outcome is Outcome.FAILED and report.reason is not None
        if failed and report.reason is not None:
            self._metrics.dead_letters.labels(command, report.reason.value).inc()
        waited = self._observe_wait(report)
        write = self._log.warning if failed else self._log.info
        write(
            "command_settled",
            **self._ids(report.work),
            outcome=report.outcome.value,
            reason=report.reason.value if report.reason else None,
            detail=self._worded(report.work, report.detail) if report.detail else None,
            attempts=report.attempts,
            duration_seconds=round(report.seconds, 6),
            wait_seconds=waited,
            redelivered=report.work.delivery.redelivered,
            **_dropped(report.work),
        )

    def retried(self, retry: Retry) -> None:
        """Count and log one attempt that will be repeated."""
        charged = "yes" if retry.charged else "no"
        self._metrics.retries.labels(retry.work.command, retry.cause.value, charged).inc()
        self._log.info(
            "command_retried",
            **self._ids(retry.work),
            cause=retry.cause.value,
            charged=charged,
            detail=self._worded(retry.work, retry.detail),
            delay_seconds=round(retry.delay_seconds, 3),
        )

    def crashed(self, work: Work | None, error: BaseException) -> None:
        """Log a fault of the worker's own with its traceback."""
        if work is None:
            self._log.error("handler_crashed", exc_info=error)
            return
        self._log.error("handler_crashed", **self._ids(work), exception=self._worded(work, crash_words(work, error)))

    def unpublishable(self, work: Work, detail: str) -> None:
        """Log what a person must mend so that this command can be answered."""
        self._log.error("command_unpublishable", **self._ids(work), detail=self._worded(work, detail))

    def unsealable(self, detail: str) -> None:
        """A parked command cannot be read, and its customer's commands wait."""
        self._log.error("parked_command_unsealable", detail=detail)

    def not_taken(self, detail: str) -> None:
        """The ledger does not take one command, and its customer's commands wait."""
        self._log.error("command_not_taken", detail=detail)

    def published(self, message: Outgoing, seconds: float, *, confirmed: bool) -> None:
        """Count and time one message that was published."""
        kind = message.properties.type if message.destination is Destination.EVENTS else "dead_letter"
        result = "confirmed" if confirmed else "failed"
        self._published(kind, result).inc()
        self._confirm_seconds(kind, result).observe(seconds)

    def called(self, operation: str, result: str, seconds: float) -> None:
        """Count one call to the provider."""
        self._requests(operation, result).inc()
        self._request_seconds(operation, result).observe(seconds)

    def _observe_wait(self, report: Report) -> float | None:
        content = report.work.content
        if not isinstance(content, Requested) or content.envelope.time is None:
            return None
        # Clocks of two machines: what looks negative was no wait.
        waited = max(0.0, time.time() - report.seconds - content.envelope.time)
        self._wait_seconds(report.work.command).observe(waited)
        return round(waited, 6)

    def _ids(self, work: Work) -> dict[str, str | None]:
        content = work.content
        named: Envelope | CommandName | None = content.envelope if isinstance(content, Requested) else content.name
        if named is None:
            return {"command": work.command, "message_id": work.delivery.properties.message_id}
        return {
            "command": work.command,
            "command_id": named.id,
            "command_source": named.source,
            "subject": self._subject(named.subject),
            "correlation_id": named.correlationid or named.id,
            "trace_id": named.traceparent.split("-")[1] if named.traceparent else None,
        }


def _dropped(work: Work) -> dict[str, str]:
    dropped = work.content.envelope.dropped if isinstance(work.content, Requested) else ()
    return {"dropped": "; ".join(dropped)} if dropped else {}
