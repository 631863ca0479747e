"""Whoever reads the worker's log stops reading it."""

from collections.abc import Iterator

from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for

_PATIENCE_SECONDS = 60.0


def reader_stopped(experiment: Experiment) -> None:
    """The pipe fills up; everything that is published meanwhile must be done and answered all the same."""
    reader = experiment.worker.reader
    experiment.on_heal(reader.go_on)
    reader.stop()
    experiment.publish_all()
    wait_for(lambda: experiment.is_quiet() and experiment.is_quiet(), "work without a reader", _PATIENCE_SECONDS)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("log reader that stops reading", reader_stopped, Setting(piped_log=True))
