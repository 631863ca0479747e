"""The broker does not take the event: the command is not acked, so that nothing is lost when the worker dies then."""

from sandbox.servers.finding import OwnBroker
from tests.support.broker_troubles import full_queue
from tests.support.installation import Installation
from tests.support.loads import rotations
from worker.broker.topology.model import Topology


def events(topology: Topology) -> str:
    return topology.events


def test_what_could_not_be_published_is_published_by_the_next_worker(
    installation: Installation, broker: OwnBroker
) -> None:
    commands = rotations(customers=10, rounds=1)
    with full_queue(events, installation, broker), installation.worker() as worker:
        installation.emitter.publish(*commands)
        assert worker.await_paused("publish")
        worker.kill()
    installation.listener.listen()
    received_while_full = len(installation.listener.events)
    with installation.worker() as worker:
        installation.listener.await_count(received_while_full + len(commands))
        assert worker.terminate() == 0
    installation.verdict(commands)


def test_intake_resumes_once_the_event_is_taken(installation: Installation, broker: OwnBroker) -> None:
    commands = rotations(customers=10, rounds=2)
    with installation.worker() as worker:
        with full_queue(events, installation, broker):
            installation.emitter.publish(*commands)
            assert worker.await_paused("publish")
        installation.listener.await_events(commands)
        assert worker.terminate() == 0
    assert installation.verdict(commands).calls == len(commands)
