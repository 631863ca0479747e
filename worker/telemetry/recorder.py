"""Writes what happens into the metrics and the log, as the table says."""

import logging
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import structlog

from worker.domain.telemetry import TelemetryEvent
from worker.telemetry.customers import Writer, names_customers, wording
from worker.telemetry.metrics import Metrics, labels_of
from worker.telemetry.table import TABLE, EventRow, Wording

_Log = structlog.typing.FilteringBoundLogger
_Action = Callable[[Any], None]

#: So many values of `once_for` are known; whoever makes up a new source for each command must not fill the memory
#: or the log.
_MOST_LOGGED_ONCE = 1_000

_LOG = logging.getLogger(__name__)


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
