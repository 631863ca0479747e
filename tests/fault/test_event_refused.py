"""The broker does not take the event: the command is not acked, so that nothing is lost when the worker dies then."""

from sandbox.servers.finding import OwnBroker
from tests.support.broker_troubles import full_queue
from tests.support.house import House
from tests.support.loads import rotations
from worker.broker.topology.model import Topology


def events(topology: Topology) -> str:
    return topology.events


def test_what_could_not_be_told_is_told_by_the_next_worker(house: House, broker: OwnBroker) -> None:
    commands = rotations(customers=10, rounds=1)
    with full_queue(events, house, broker), house.worker() as worker:
        house.emitter.publish(*commands)
        assert worker.await_paused("publish")
        worker.kill()
    house.ear.listen()
    heard_while_full = len(house.ear.events)
    with house.worker() as worker:
        house.ear.await_count(heard_while_full + len(commands))
        assert worker.terminate() == 0
    house.verdict(commands)


def test_intake_resumes_once_the_event_is_taken(house: House, broker: OwnBroker) -> None:
    commands = rotations(customers=10, rounds=2)
    with house.worker() as worker:
        with full_queue(events, house, broker):
            house.emitter.publish(*commands)
            assert worker.await_paused("publish")
        house.ear.await_events(commands)
        assert worker.terminate() == 0
    assert house.verdict(commands).calls == len(commands)
