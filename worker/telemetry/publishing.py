"""Counts and times what is published, around any publisher."""

import time
from functools import cache

from worker.domain.deliveries import Destination, Outgoing
from worker.domain.ports import EventPublisher
from worker.telemetry.guarding import never_raising
from worker.telemetry.metrics import Metrics


class MeasuredPublisher:
    """An `EventPublisher` that measures the one it wraps."""

    def __init__(self, publisher: EventPublisher, metrics: Metrics) -> None:
        self._publisher = publisher
        # Finding a series by its labels costs more than counting in it; the labels come from closed sets.
        self._published = cache(metrics.published.labels)
        self._confirm_seconds = cache(metrics.confirm_seconds.labels)

    def publish(self, message: Outgoing) -> None:
        """Publish, and count whether it was confirmed."""
        kind = message.properties.type if message.destination is Destination.EVENTS else "dead_letter"
        started = time.perf_counter()
        result = "failed"
        try:
            self._publisher.publish(message)
            result = "confirmed"
        finally:
            self._count(kind, result, time.perf_counter() - started)

    @never_raising
    def _count(self, kind: str | None, result: str, seconds: float) -> None:
        self._published(kind, result).inc()
        self._confirm_seconds(kind, result).observe(seconds)
