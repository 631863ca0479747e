"""Writes what the rooms tell of themselves: the broker's connections, the ledger's times, pauses."""

from functools import cache

import structlog

from worker.telemetry.metrics import Metrics

_Log = structlog.typing.FilteringBoundLogger


class BrokerWatcher:
    """Implements the broker room's observer."""

    def __init__(self, metrics: Metrics, log: _Log) -> None:
        self._metrics = metrics
        self._log = log
        self._seen: set[str] = set()

    def connected(self, role: str) -> None:
        """A connection can do its work."""
        if role in self._seen:
            self._metrics.reconnects.labels(role).inc()
        self._seen.add(role)
        self._metrics.connected.labels(role).set(1)
        self._log.info("broker_connected", role=role)

    def disconnected(self, role: str, reason: str) -> None:
        """A connection is gone."""
        self._metrics.connected.labels(role).set(0)
        self._log.warning("broker_disconnected", role=role, reason=reason)

    def unreachable(self, role: str, reason: str, retry_seconds: float) -> None:
        """There is no connection yet."""
        self._log.warning("broker_unreachable", role=role, reason=reason, retry_seconds=round(retry_seconds, 2))

    def blocked(self, reason: str | None) -> None:
        """The broker takes no messages, or takes them again."""
        if reason is None:
            self._log.info("broker_takes_messages_again")
        else:
            self._log.warning("broker_blocked", reason=reason)

    def crashed(self, role: str, error: BaseException) -> None:
        """A fault of ours on a connection's thread."""
        self._log.error("broker_callback_crashed", role=role, exc_info=error)


class LedgerWatcher:
    """Implements the ledger room's observer."""

    def __init__(self, metrics: Metrics) -> None:
        # Finding a series by its labels costs more than counting in it.
        self._seconds = cache(metrics.ledger_seconds.labels)

    def observed(self, operation: str, seconds: float) -> None:
        """One operation has ended."""
        self._seconds(operation).observe(seconds)


class PauseWatcher:
    """Hears of pauses."""

    def __init__(self, metrics: Metrics, log: _Log) -> None:
        self._metrics = metrics
        self._log = log

    def paused(self, cause: str, *, on: bool, detail: str) -> None:
        """A pause began or ended."""
        self._metrics.paused.labels(cause).set(1 if on else 0)
        if on:
            self._log.warning("intake_paused", cause=cause, detail=detail)
        else:
            self._log.info("intake_resumed", cause=cause)
