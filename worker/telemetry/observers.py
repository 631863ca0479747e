"""Writes what the rooms report of themselves: the broker's connections, the ledger's times, pauses."""

from collections.abc import Sequence
from functools import cache

import structlog

from worker.telemetry.guarding import listener
from worker.telemetry.metrics import Metrics

_Log = structlog.typing.FilteringBoundLogger

_DECLARED_AGAIN = (
    "Somebody had deleted them. What was published there meanwhile came back to its sender, or is lost if the sender "
    "did not ask for that; what waited in a deleted queue is lost. Others must bind their own queues again."
)

_LEFT_OUT = "/readyz tells what the provider says; it may name a customer, and PROVISIONING_LOG__SUBJECTS is hashed"


@listener
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

    def declared_again(self, items: Sequence[str]) -> None:
        """Somebody had deleted what the worker has now declared again."""
        self._log.warning("topology_declared_again", declared=list(items), detail=_DECLARED_AGAIN)

    def topology_faults(self, faults: Sequence[str]) -> None:
        """Something is missing at the broker, or everything is there again."""
        if faults:
            self._log.error("topology_incomplete", missing=list(faults))
        else:
            self._log.info("topology_complete_again")

    def crashed(self, role: str, error: BaseException) -> None:
        """A fault of ours on a connection's thread."""
        self._log.error("broker_callback_crashed", role=role, exc_info=error)


@listener
class LedgerWatcher:
    """Implements the ledger room's observer."""

    def __init__(self, metrics: Metrics) -> None:
        # Finding a series by its labels costs more than counting in it.
        self._seconds = cache(metrics.ledger_seconds.labels)

    def observed(self, operation: str, seconds: float) -> None:
        """One operation has ended."""
        self._seconds(operation).observe(seconds)


@listener
class PruneWatcher:
    """Hears what became of the ledger's own pruning."""

    def __init__(self, log: _Log) -> None:
        self._log = log

    def pruned(self, commands: int, refusals: int) -> None:
        """So many rows were forgotten."""
        self._log.info("ledger_pruned", commands=commands, refusals=refusals)

    def prune_failed(self, detail: str) -> None:
        """A run broke off; the next one comes in an hour."""
        self._log.warning("ledger_prune_failed", detail=detail)


@listener
class ParkingWatcher:
    """Hears of commands that wait in the ledger so that the broker hands over others."""

    def __init__(self, log: _Log) -> None:
        self._log = log

    def parked(self, count: int, total: int) -> None:
        """So many were parked now, and so many are in all."""
        self._log.info("commands_parked", count=count, total=total)

    def adopted(self, count: int) -> None:
        """So many were taken over from processes that are gone."""
        self._log.info("parked_commands_taken_over", count=count)


@listener
class PauseWatcher:
    """Hears of pauses.

    `names_customers` False: why calls to the provider fail is left out, since those words may name one.
    """

    def __init__(self, metrics: Metrics, log: _Log, *, names_customers: bool = True) -> None:
        self._metrics = metrics
        self._log = log
        self._names_customers = names_customers
        self._held: set[tuple[str, str | None]] = set()

    def paused(self, cause: str, login: str | None, *, on: bool, detail: str) -> None:
        """A pause began or ended, for the commands of one login or (None) for all; the gauge is 1 while it is any."""
        whose = {} if login is None else {"login": login}
        if on:
            self._held.add((cause, login))
            shown = detail if self._names_customers or cause != "outage" else _LEFT_OUT
            self._log.warning("intake_paused", cause=cause, **whose, detail=shown)
        else:
            self._held.discard((cause, login))
            self._log.info("intake_resumed", cause=cause, **whose)
        self._metrics.paused.labels(cause).set(any(cause == held for held, _ in self._held))

    def unshared(self, detail: str) -> None:
        """The pauses cannot be shared with the other replicas for now."""
        self._log.warning("pauses_not_shared", detail=detail)
