"""Telemetry without metrics and log: what was reported can be read, and waited for."""

import threading
from typing import TypeVar

from worker.domain.telemetry import TelemetryEvent

_Event = TypeVar("_Event")
#: Ends a test that would wait for ever.
_SECONDS = 30.0


class RecordingTelemetry:
    """An `Emit` that remembers, in order, what it was given."""

    def __init__(self) -> None:
        self.events: list[TelemetryEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: TelemetryEvent) -> None:
        """Remember it."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type[_Event]) -> list[_Event]:
        """All events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def await_event(self, kind: type[_Event], times: int = 1) -> _Event:
        """Wait until a kind of event was published so often; return the last of these."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= times, _SECONDS), (kind, times, self.events)
        return self.of(kind)[times - 1]
