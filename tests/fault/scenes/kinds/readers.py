"""Whoever reads the worker's log stops reading it."""

from collections.abc import Iterator

from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting
from tests.support.waiting import wait_for

_PATIENCE_SECONDS = 60.0


def reader_stopped(scene: Scene) -> None:
    """The pipe fills up; everything that is published meanwhile must be done and answered all the same."""
    reader = scene.worker.reader
    scene.on_heal(reader.go_on)
    reader.stop()
    scene.publish_all()
    wait_for(lambda: scene.is_quiet() and scene.is_quiet(), "work that goes on without a reader", _PATIENCE_SECONDS)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("log reader that stops reading", reader_stopped, Setting(piped_log=True))
