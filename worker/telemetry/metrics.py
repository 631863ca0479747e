"""Every metric by its fixed name, in one registry. Label values come from closed sets only."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from messages.catalog import CATALOG
from messages.events import EVENTS
from messages.results import Outcome, Reason
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


_NAMESPACE = "provisioning"
#: Each by its name after `provisioning_`: what it counts, and its labels.
_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "commands": ("Settled commands", ("command", "outcome")),
    "retries": ("Failed attempts that are repeated", ("command", "cause", "charged")),
    "dead_letters": ("Dead letters written", ("command", "reason")),
    "risky_properties": ("Deliveries that the broker may throw out or reorder by this property", ("property",)),
    "provider_requests": ("Calls to the provider", ("operation", "result")),
    "events_published": ("Messages published", ("event", "result")),
    "broker_reconnects": ("Connections after the first", ("role",)),
}
_GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "intake_paused": ("1 while nothing is taken up for this cause", ("cause",)),
    "broker_connected": ("1 while the connection can do its work", ("role",)),
    "queue_messages": ("Messages ready in the queue", ("queue",)),
    "last_applied_timestamp_seconds": ("Last command applied", ()),
}
_HISTOGRAMS: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "command_seconds": ("Taken up to settled", ("command",), _COMMAND_BUCKETS),
    "command_wait_seconds": ("Published to taken up", ("command",), _WAIT_BUCKETS),
    "provider_request_seconds": ("Calls to the provider", ("operation", "result"), _CALL_BUCKETS),
    "publish_confirm_seconds": ("Publish to confirm", ("event", "result"), _FAST_BUCKETS),
    "ledger_seconds": ("Ledger operations", ("operation",), _FAST_BUCKETS),
}


def labels_of(name: str) -> tuple[str, ...]:
    """The names of an instrument's labels."""
    return _HISTOGRAMS[name][1] if name in _HISTOGRAMS else {**_COUNTERS, **_GAUGES}[name][1]


class Metrics:
    """The instruments. Every series that can be known beforehand exists from the start, so that no alert misses it."""

    def __init__(self, version: str) -> None:
        # A counter's creation time as a series of its own doubles what is scraped and says nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library ships it untyped
        self.registry = CollectorRegistry()
        self._gauges = {name: Gauge(name, *of, _NAMESPACE, registry=self.registry) for name, of in _GAUGES.items()}
        #: By their names after `provisioning_`, without the ends that the library gives them.
        self.instruments: dict[str, Counter | Gauge | Histogram] = {
            **self._gauges,
            **{name: Counter(name, *of, _NAMESPACE, registry=self.registry) for name, of in _COUNTERS.items()},
            **{
                name: Histogram(name, text, labels, _NAMESPACE, registry=self.registry, buckets=buckets)
                for name, (text, labels, buckets) in _HISTOGRAMS.items()
            },
        }
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
        """Read each queue's last known depth at each scrape; NaN while it is unknown."""
        for queue in queues:
            self._gauges["queue_messages"].labels(queue).set_function(_readable(partial(depth, queue)))

    def watch_log(self, dropped: Callable[[], float]) -> None:
        """Read at each scrape how many lines of the log were never written."""
        self.registry.register(_DroppedLines(dropped))

    def _name_what_is_known(self) -> None:
        known = {
            "commands": product(COMMANDS, Outcome),
            "retries": product(COMMANDS, RetryCause, ("yes", "no")),
            "dead_letters": product(COMMANDS, Reason),
            "risky_properties": product(RISKY_PROPERTIES),
            "intake_paused": product(PauseCause),
            "broker_connected": product(ROLES),
            "broker_reconnects": product(ROLES),
            "events_published": product(EVENTS, ("confirmed",)),
        }
        for name, values in known.items():
            for each in values:
                self.instruments[name].labels(*each)


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
