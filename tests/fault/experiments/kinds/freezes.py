"""A server does not end, it stands still: nobody is informed, and every connection stays open."""

from collections.abc import Iterator

from sandbox.servers.finding import OwnBroker
from sandbox.servers.lifetime.private import PrivateServer
from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support.freezing import freeze
from tests.support.waiting import wait_for

#: A silent broker is given up after two heartbeats.
_NOTICED_SECONDS = 90.0


def broker_frozen(experiment: Experiment) -> None:
    """Longer than the heartbeat: both sides give the connection up, each by its own clock."""
    _freeze(experiment, _private(experiment.fault_servers.broker))
    wait_for(lambda: experiment.worker.logged("broker_disconnected"), "a lost connection", _NOTICED_SECONDS)


def database_frozen(experiment: Experiment) -> None:
    """What the worker has given up is done all the same, as soon as the server goes on."""
    _freeze(experiment, experiment.fault_servers.database)
    experiment.await_paused("ledger")


def _private(broker: OwnBroker) -> PrivateServer:
    assert isinstance(broker, PrivateServer), "a broker in a container has no processes here to be frozen"
    return broker


def _freeze(experiment: Experiment, server: PrivateServer) -> None:
    """Stop all of its processes; publish while it stands still."""
    experiment.on_heal(freeze(server))
    experiment.publish_more()


def kinds() -> Iterator[Kind]:
    """All of this room."""
    yield Kind("broker: frozen beyond its heartbeat", broker_frozen)
    yield Kind("ledger: PostgreSQL frozen", database_frozen, Setting(shared_ledger=True))
