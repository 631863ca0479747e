"""The worker is out of files: it can open no connection, no file and no module until it has some again."""

import resource
from collections.abc import Iterator

from tests.fault.experiments.experiment import Experiment, Setting, Way
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for

_NOTICED_SECONDS = 90.0
#: Whatever is opened has a higher number than the standard streams.
_FEWEST = 3


def out_of_files(experiment: Experiment) -> None:
    """Every connection is cut, and none can be opened in its place."""
    process = experiment.worker.pid
    limits = resource.prlimit(process, resource.RLIMIT_NOFILE)
    experiment.on_heal(lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, limits))
    resource.prlimit(process, resource.RLIMIT_NOFILE, (_FEWEST, limits[1]))
    for link in experiment.links.values():
        link.cut()
    experiment.publish_all()
    wait_for(lambda: len(experiment.worker.logged("broker_unreachable")) > 1, "a broker in vain", _NOTICED_SECONDS)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    ways = frozenset({Way.BROKER, Way.PROVIDER})
    yield Kind("worker: out of files", out_of_files, Setting(links=ways))
    yield Kind(
        "worker: out of files, ledger in PostgreSQL", out_of_files, Setting(links=frozenset(Way), shared_ledger=True)
    )
