"""Every metric by its fixed name, in one registry. Label values come from closed sets only."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from messages.catalog import CATALOG
from messages.events import EVENTS
from messages.outcomes import Outcome, Reason
from worker.domain.work import RetryCause
from worker.intake.causes import PauseCause

COMMANDS = (*CATALOG, "unknown")
ROLES = ("consume", "publish")
RISKY_PROPERTIES = ("expiration", "priority")

_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMAND_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: Waits exceed handling times by far under a backlog.
_WAIT_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_FAST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The instruments. Every series that can be known beforehand exists from the start, so that no alert misses it."""

    def __init__(self, version: str) -> None:
        # A counter's creation time as a series of its own doubles what is scraped and says nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library ships it untyped
        self.registry = CollectorRegistry()
        self.commands = self._counter("commands", "Settled commands", ("command", "outcome"))
        self.command_seconds = self._histogram("command_seconds", "Taken up to settled", "command", _COMMAND_BUCKETS)
        self.wait_seconds = self._histogram("command_wait_seconds", "Published to taken up", "command", _WAIT_BUCKETS)
        self.retries = self._counter("retries", "Failed attempts that are repeated", ("command", "cause", "charged"))
        self.dead_letters = self._counter("dead_letters", "Dead letters written", ("command", "reason"))
        self.risky_properties = self._counter(
            "risky_properties", "Deliveries that the broker may throw out or reorder by this property", ("property",)
        )
        self.requests = self._counter("provider_requests", "Calls to the provider", ("operation", "result"))
        self.request_seconds = Histogram(
            "provisioning_provider_request_seconds",
            "Calls to the provider",
            ("operation", "result"),
            buckets=_CALL_BUCKETS,
            registry=self.registry,
        )
        self.paused = self._gauge("intake_paused", "1 while nothing is taken up for this cause", "cause")
        self.published = self._counter("events_published", "Messages published", ("event", "result"))
        self.confirm_seconds = Histogram(
            "provisioning_publish_confirm_seconds",
            "Publish to confirm",
            ("event", "result"),
            buckets=_FAST_BUCKETS,
            registry=self.registry,
        )
        self.connected = self._gauge("broker_connected", "1 while the connection can do its work", "role")
        self.reconnects = self._counter("broker_reconnects", "Connections after the first", ("role",))
        self.ledger_seconds = self._histogram("ledger_seconds", "Ledger operations", "operation", _FAST_BUCKETS)
        self.queue_messages = self._gauge("queue_messages", "Messages ready in the queue", "queue")
        self.last_applied = Gauge(
            "provisioning_last_applied_timestamp_seconds", "Last command applied", registry=self.registry
        )
        Info("provisioning_build", "The program", registry=self.registry).info({"version": version})
        self._name_what_is_known()

    def watch(self, in_flight: Callable[[], float], held: Callable[[], float], parked: Callable[[], float]) -> None:
        """Read these at each scrape, instead of at each change."""
        flight = Gauge("provisioning_commands_in_flight", "Commands being handled", registry=self.registry)
        flight.set_function(_readable(in_flight))
        waiting = Gauge(
            "provisioning_commands_held", "Waiting for a retry or behind their customer", registry=self.registry
        )
        waiting.set_function(_readable(held))
        lying = Gauge(
            "provisioning_commands_parked", "Of those held: lying in the ledger alone", registry=self.registry
        )
        lying.set_function(_readable(parked))

    def watch_queues(self, queues: Sequence[str], depth: Callable[[str], float]) -> None:
        """Read each queue's last known depth at each scrape; not a number while nobody knows."""
        for queue in queues:
            self.queue_messages.labels(queue).set_function(_readable(partial(depth, queue)))

    def watch_log(self, dropped: Callable[[], float]) -> None:
        """Read at each scrape how many lines of the log were never written."""
        self.registry.register(_DroppedLines(dropped))

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"provisioning_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, label: str) -> Gauge:
        return Gauge(f"provisioning_{name}", text, (label,), registry=self.registry)

    def _histogram(self, name: str, text: str, label: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"provisioning_{name}", text, (label,), buckets=buckets, registry=self.registry)

    def _name_what_is_known(self) -> None:
        for command in COMMANDS:
            for outcome in Outcome:
                self.commands.labels(command, outcome.value)
            for cause in RetryCause:
                for charged in ("yes", "no"):
                    self.retries.labels(command, cause.value, charged)
            for reason in Reason:
                self.dead_letters.labels(command, reason.value)
        for risky in RISKY_PROPERTIES:
            self.risky_properties.labels(risky)
        for pause in PauseCause:
            self.paused.labels(pause.value).set(0)
        for role in ROLES:
            self.connected.labels(role).set(0)
            self.reconnects.labels(role)
        for event in EVENTS:
            self.published.labels(event, "confirmed")


class _DroppedLines(Collector):
    """A counter whose value another thread keeps."""

    def __init__(self, dropped: Callable[[], float]) -> None:
        self._dropped = dropped

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Read it."""
        yield CounterMetricFamily("provisioning_log_lines_dropped", "Log lines never written", value=self._dropped())


def _readable(read: Callable[[], float]) -> Callable[[], float]:
    """The same, but one value that cannot be read is not a number, and does not cost the whole page."""

    def value() -> float:
        try:
            return read()
        except Exception:  # noqa: BLE001 - see above
            return math.nan

    return value
