"""Counts and times what is published, around any publisher."""

import time

from worker.domain.deliveries import Destination, Outgoing
from worker.domain.ports import EventPublisher
from worker.telemetry.metrics import Metrics


class MeasuredPublisher:
    """An `EventPublisher` that measures the one it wraps."""

    def __init__(self, publisher: EventPublisher, metrics: Metrics) -> None:
        self._publisher = publisher
        self._metrics = metrics

    def publish(self, message: Outgoing) -> None:
        """Publish, and count whether it was confirmed."""
        kind = message.properties.type if message.destination is Destination.EVENTS else "dead_letter"
        started = time.perf_counter()
        result = "failed"
        try:
            self._publisher.publish(message)
            result = "confirmed"
        finally:
            self._metrics.published.labels(kind, result).inc()
            self._metrics.confirm_seconds.labels(kind, result).observe(time.perf_counter() - started)
