"""The table of events is whole: each kind is in it once, and each name in it is there."""

from typing import get_args

import pytest

from tests.support.logged import Logged
from worker.domain.telemetry import TelemetryEvent
from worker.telemetry.metrics import Metrics, labels_of
from worker.telemetry.recorder import TABLE, EventRow

#: Read at each scrape, since it is counted elsewhere.
SCRAPED = {"queue_messages"}


def attributes(row: EventRow) -> set[str]:
    """What an event of this kind has."""
    return {name for kind in row.event.__mro__ for name in (*vars(kind), *getattr(kind, "__annotations__", ()))}


def test_every_event_is_in_the_table_once() -> None:
    assert sorted(row.event.__name__ for row in TABLE) == sorted(kind.__name__ for kind in get_args(TelemetryEvent))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.event.__name__)
def test_every_label_and_every_value_is_an_attribute_of_the_event(row: EventRow) -> None:
    measures = [*row.counts, *row.times, *row.sets]
    wanted = {label for name in measures for label in labels_of(name)} | {*row.times.values(), *row.sets.values()}

    assert wanted <= attributes(row)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.event.__name__)
def test_every_event_is_counted_or_logged_at_a_level_that_there_is(row: EventRow) -> None:
    assert row.line or row.counts or row.times
    assert bool(row.line) == bool(row.level)
    assert not row.level or hasattr(Logged().log, row.level)


def test_every_metric_is_changed_by_some_event() -> None:
    changed = {name for row in TABLE for name in (*row.counts, *row.times, *row.sets)}

    assert changed == Metrics("0").instruments.keys() - SCRAPED
