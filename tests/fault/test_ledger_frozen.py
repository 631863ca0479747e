"""A PostgreSQL that stands still under a worker with nothing to do: it is said, all the time, and it passes."""

from tests.fault.experiments.servers import FaultServers
from tests.support.freezing import frozen
from tests.support.loads import rotations
from tests.support.replicas import PATIENCE_SECONDS, Replicas
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess


def test_a_frozen_database_is_reported_until_it_goes_on(replicas: Replicas, shared_ledgers: FaultServers) -> None:
    installation, commands = replicas.installation, rotations(20, rounds=2)
    before, after = commands[:20], commands[20:]
    with replicas.start() as worker:
        installation.emitter.publish(*before)
        installation.listener.await_events(before)
        with frozen(shared_ledgers.database):
            worker.await_paused("ledger", "does not answer")
            # Until the connection was broken off and another one is refused as well: no look in between finds it well.
            wait_for(lambda: "does not answer" not in reason(worker), "another reason", PATIENCE_SECONDS)
            installation.emitter.publish(*after)
        worker.await_ready()
        installation.listener.await_events(commands, seconds=PATIENCE_SECONDS)
        assert worker.terminate() == 0
    installation.verdict(commands)


def reason(worker: WorkerProcess) -> str:
    """Why nothing is taken, as the status page says it now; it must say so."""
    return str(worker.ask("/readyz").document["paused"]["ledger"])
