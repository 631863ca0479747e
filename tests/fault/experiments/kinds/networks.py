"""The ways between the worker and its servers are cut, silent or slow."""

from collections.abc import Iterator

from tests.fault.experiments.experiment import Experiment, Setting, Way
from tests.fault.experiments.links import Link
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for

_NOTICED_SECONDS = 90.0
_CUTS = 3
_SLOW_BYTES, _SLOW_SECONDS = 256, 0.005


def cut(experiment: Experiment) -> None:
    for _ in range(_CUTS):
        _link(experiment).cut()
        experiment.await_a_moment()


def refused(experiment: Experiment) -> None:
    _heal_by_opening(experiment)
    _link(experiment).close()
    _await_noticed(experiment)


def answers_swallowed(experiment: Experiment) -> None:
    """What the worker says still arrives: calls have their effect, acks and events count."""
    experiment.on_heal(_link(experiment).recover)
    _link(experiment).swallow_answers()
    _await_noticed(experiment)


def requests_swallowed(experiment: Experiment) -> None:
    """What the worker says does not arrive; what it gets does."""
    experiment.on_heal(_link(experiment).recover)
    _link(experiment).swallow_requests()
    _await_noticed(experiment)


def silent(experiment: Experiment) -> None:
    """Half open: neither side hears the other, and no connection ends."""
    experiment.on_heal(_link(experiment).recover)
    _link(experiment).swallow_requests()
    _link(experiment).swallow_answers()
    _await_noticed(experiment)


def slow(experiment: Experiment) -> None:
    experiment.on_heal(_link(experiment).run)
    _link(experiment).crawl(_SLOW_BYTES, _SLOW_SECONDS)
    experiment.await_a_moment()


def _link(experiment: Experiment) -> Link:
    (link,) = experiment.links.values()
    return link


def _heal_by_opening(experiment: Experiment) -> None:
    experiment.on_heal(_link(experiment).open)


def _await_noticed(experiment: Experiment) -> None:
    """Wait until the worker has noticed by its own means: a deadline, a heartbeat, a refused connection."""
    experiment.publish_more()
    if Way.BROKER in experiment.setting.links:
        wait_for(lambda: experiment.worker.logged("broker_disconnected"), "a lost connection", _NOTICED_SECONDS)
    else:
        experiment.await_paused("outage" if Way.PROVIDER in experiment.setting.links else "ledger")


def _over(way: Way) -> Setting:
    return Setting(links=frozenset({way}), shared_ledger=way is Way.LEDGER)


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
