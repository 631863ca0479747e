"""The broker does not take the event: the command is not acked, so that nothing is lost when the worker dies then."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from pika.exceptions import NackError

from tests.support.amqp_line import Line
from tests.support.billing import QUORUM
from tests.support.house import House
from tests.support.loads import rotations


@contextmanager
def full_queue(house: House) -> Iterator[None]:
    """Bind a queue that takes nothing, as one is that has reached its limit."""
    name, line = f"{house.topology.prefix}.full", Line(house.broker_url)
    limits = {"x-max-length": 0, "x-overflow": "reject-publish"}
    line.use(lambda channel: channel.queue_declare(name, durable=True, arguments={**QUORUM, **limits}))
    line.use(partial(_fill, name))
    line.use(lambda channel: channel.queue_bind(name, house.topology.events, "#"))
    try:
        yield
    finally:
        line.use(lambda channel: channel.queue_delete(name))
        line.close()


def _fill(queue: str, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
    # A limit is no sharp one: the broker looks at it only now and then.
    with suppress(NackError):
        while True:
            channel.basic_publish("", queue, b"filled", mandatory=True)


def test_what_could_not_be_told_is_told_by_the_next_worker(house: House) -> None:
    commands = rotations(customers=10, rounds=1)
    with full_queue(house), house.worker() as worker:
        house.emitter.publish(*commands)
        assert worker.await_paused("publish")
        worker.kill()
    house.ear.listen()
    heard_while_full = len(house.ear.events)
    with house.worker() as worker:
        house.ear.await_count(heard_while_full + len(commands))
        assert worker.terminate() == 0
    house.verdict(commands)


def test_intake_resumes_once_the_event_is_taken(house: House) -> None:
    commands = rotations(customers=10, rounds=2)
    with house.worker() as worker:
        with full_queue(house):
            house.emitter.publish(*commands)
            assert worker.await_paused("publish")
        house.ear.await_events(commands)
        assert worker.terminate() == 0
    assert house.verdict(commands).calls == len(commands)
