"""The ways between the worker and its servers are cut, silent or slow."""

from collections.abc import Iterator

from tests.fault.scenes.play import Kind
from tests.fault.scenes.roads import Road
from tests.fault.scenes.scene import Scene, Setting, Way
from tests.support.waiting import wait_for

_NOTICED_SECONDS = 90.0
_CUTS = 3
_SLOW_BYTES, _SLOW_SECONDS = 256, 0.005


def cut(scene: Scene) -> None:
    for _ in range(_CUTS):
        _road(scene).cut()
        scene.await_a_moment()


def refused(scene: Scene) -> None:
    _heal_by_opening(scene)
    _road(scene).close()
    _await_noticed(scene)


def answers_swallowed(scene: Scene) -> None:
    """What the worker says still arrives: calls have their effect, acks and events count."""
    scene.on_heal(_road(scene).recover)
    _road(scene).swallow_answers()
    _await_noticed(scene)


def requests_swallowed(scene: Scene) -> None:
    """What the worker says does not arrive; what it gets does."""
    scene.on_heal(_road(scene).recover)
    _road(scene).swallow_requests()
    _await_noticed(scene)


def silent(scene: Scene) -> None:
    """Half open: neither side hears the other, and no connection ends."""
    scene.on_heal(_road(scene).recover)
    _road(scene).swallow_requests()
    _road(scene).swallow_answers()
    _await_noticed(scene)


def slow(scene: Scene) -> None:
    scene.on_heal(_road(scene).run)
    _road(scene).crawl(_SLOW_BYTES, _SLOW_SECONDS)
    scene.await_a_moment()


def _road(scene: Scene) -> Road:
    (road,) = scene.roads.values()
    return road


def _heal_by_opening(scene: Scene) -> None:
    scene.on_heal(_road(scene).open)


def _await_noticed(scene: Scene) -> None:
    """Wait until the worker has noticed by its own means: a deadline, a heartbeat, a refused connection."""
    scene.publish_more()
    if Way.BROKER in scene.setting.roads:
        wait_for(lambda: scene.worker.logged("broker_disconnected"), "a lost connection", _NOTICED_SECONDS)
    else:
        scene.await_paused("outage" if Way.PROVIDER in scene.setting.roads else "ledger")


def _over(way: Way) -> Setting:
    return Setting(roads=frozenset({way}), shared_ledger=way is Way.LEDGER)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    for way in Way:
        name = f"network to the {way.name.lower()}"
        yield Kind(f"{name}: cut", cut, _over(way))
        yield Kind(f"{name}: refused", refused, _over(way))
        yield Kind(f"{name}: answers swallowed", answers_swallowed, _over(way))
        yield Kind(f"{name}: requests swallowed", requests_swallowed, _over(way))
        yield Kind(f"{name}: half open", silent, _over(way))
        yield Kind(f"{name}: slow", slow, _over(way))
