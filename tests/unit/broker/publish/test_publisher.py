"""What a publisher does without a broker: it waits, and then says so."""

import math
import threading
from collections import deque
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from worker.broker.address import BrokerAddress
from worker.broker.publish.confirms import PendingPublish
from worker.broker.publish.publisher import Publisher
from worker.broker.topology.model import Topology
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.telemetry import discard_event
from worker.errors import PublishFailed, Unpublishable

MESSAGE = Outgoing(Destination.EVENTS, "k", b"{}", Properties(message_id="evt-1", type="CustomerCreated"))


class RefusingOutbox(deque[PendingPublish]):
    """The loop in one: whatever is put in is refused for good."""

    def append(self, pending: PendingPublish, /) -> None:
        """Refuse it."""
        pending.refuse("too large")


def publisher(patience_seconds: float = 0.01) -> Publisher:
    return Publisher(
        lambda: BrokerAddress("amqp://127.0.0.1"),
        Topology("p"),
        discard_event,
        patience_seconds=patience_seconds,
    )


def test_without_a_connection_a_publish_fails_at_its_deadline_and_says_what_to_do() -> None:
    with pytest.raises(PublishFailed) as failed:
        publisher().publish(MESSAGE)

    for word in ("CustomerCreated evt-1", "p.events", "no connection", "it was not started", "doctor"):
        assert word in str(failed.value)


def test_after_the_stop_a_publish_fails_at_once() -> None:
    stopped = publisher(patience_seconds=60)
    stopped.stop()

    with pytest.raises(PublishFailed, match="stopped"):
        stopped.publish(MESSAGE)


def test_the_stop_fails_who_is_waiting() -> None:
    waited = publisher(patience_seconds=60)
    failures: list[Exception] = []

    def publish() -> None:
        try:
            waited.publish(MESSAGE)
        except PublishFailed as error:
            failures.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    waited.stop()
    thread.join(60)

    assert "stopped" in str(failures[0])


def test_what_no_broker_could_take_is_named_so_at_once() -> None:
    waiting = publisher(patience_seconds=60)
    impossible = replace(MESSAGE, properties=replace(MESSAGE.properties, headers={"h": 2**63}))

    with pytest.raises(Unpublishable, match="cannot be written as AMQP"):
        waiting.publish(impossible)


def test_what_this_broker_can_never_take_says_which_message_it_is_and_not_to_repeat_it() -> None:
    waiting = publisher(patience_seconds=60)
    outbox = waiting._outbox = RefusingOutbox()
    waiting._session._outbox = outbox

    for message in (MESSAGE, replace(MESSAGE, destination=Destination.COMMANDS)):
        with pytest.raises(Unpublishable, match=r"CustomerCreated evt-1 for p\.[a-z]+ cannot be published: too large$"):
            waiting.publish(message)


def test_a_publisher_that_was_not_started_is_neither_alive_nor_connected() -> None:
    never_started = publisher()
    state = never_started.state

    assert (never_started.alive, state.connected, state.fault) == (False, False, "it was not started")


def test_stopping_before_the_start_and_twice_is_fine() -> None:
    idle = publisher()

    assert idle.stop()
    assert idle.stop()


@pytest.mark.parametrize(
    ("ready", "alarm", "words"),
    [
        (False, None, "there is no connection to publish on (it has just come back)"),
        (True, "low on memory", "the broker takes no messages now (low on memory)"),
        (True, None, "no answer within 0.01 s"),
    ],
)
def test_a_late_publish_and_the_loops_tick_give_the_same_reason(ready: bool, alarm: str | None, words: str) -> None:
    late = publisher()
    late._loop._connected_at = 1.0  # the loop has a connection, whether or not its channel can be used
    connection: Any = SimpleNamespace() if ready else None
    late._session._ready = connection
    late._session.blocked = alarm
    ticked = PendingPublish(MESSAGE, "p.events", overdue_at=-math.inf)

    with pytest.raises(PublishFailed) as failed:
        late.publish(MESSAGE)
    late._session._outbox.clear()
    late._session._outbox.append(ticked)
    late._session._expire(0.0)

    assert words in str(failed.value)
    assert str(ticked.future.exception(0)) == str(failed.value)
