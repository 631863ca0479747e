"""The publisher on a real broker: what it does when the broker refuses, returns, stalls or goes away."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from sandbox.servers.finding import OwnBroker
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.broker_tools import SECONDS, BrokerClient, event, running
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_for
from worker.broker.publish.publisher import Publisher
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.domain.telemetry import (
    BrokerBlocked,
    BrokerConnected,
    BrokerDisconnected,
    BrokerNotReached,
    BrokerReconnected,
    BrokerUnblocked,
    discard_event,
)
from worker.errors import PublishFailed


@pytest.fixture
def proxy(broker: OwnBroker) -> Iterator[TcpProxy]:
    made = TcpProxy(urlsplit(broker.url).port or 0)
    yield made
    made.release()


def outcome(publisher: Publisher, message: Outgoing) -> str:
    """Publish; "" when it was confirmed, else why not."""
    try:
        publisher.publish(message)
    except PublishFailed as failed:
        return str(failed)
    return ""


def test_many_threads_are_all_confirmed_and_everything_arrives(broker_client: BrokerClient) -> None:
    with running(broker_client.publisher(discard_event)) as publisher, ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(lambda number: outcome(publisher, event(f"evt-{number}")), range(2_000)))

    assert set(outcomes) == {""}
    arrived = {
        properties.message_id for _method, properties, _body in broker_client.take_all(broker_client.topology.unrouted)
    }
    assert arrived == {f"evt-{number}" for number in range(2_000)}


def test_a_message_of_several_frames_arrives_whole(broker_client: BrokerClient) -> None:
    body = bytes(range(256)) * 2_000

    with running(broker_client.publisher(discard_event)) as publisher:
        publisher.publish(event(body=body))

    assert [taken for *_, taken in broker_client.take_all(broker_client.topology.unrouted)] == [body]


def test_headers_of_125_kilobytes_arrive(broker_client: BrokerClient) -> None:
    with running(broker_client.publisher(discard_event)) as publisher:
        publisher.publish(event(headers={"big": "x" * 125_000}))

    ((_method, properties, _body),) = broker_client.take_all(broker_client.topology.unrouted)
    assert (properties.headers or {})["big"] == "x" * 125_000


def test_headers_no_frame_can_hold_fail_alone(broker_client: BrokerClient, observer: RecordingTelemetry) -> None:
    with running(broker_client.publisher(observer)) as publisher:
        assert "headers take" in outcome(publisher, event(headers={"big": "x" * 140_000}))
        publisher.publish(event("evt-2"))

    assert len(observer.of(BrokerConnected)) == 1


def test_a_full_queue_refuses_and_the_refusal_is_noticed(broker_client: BrokerClient) -> None:
    broker_client.channel.queue_declare(
        "", exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
    )
    broker_client.channel.queue_bind("", broker_client.topology.events, "#")

    with running(broker_client.publisher(discard_event)) as publisher:
        outcomes = [outcome(publisher, event(f"evt-{number}")) for number in range(5)]

    assert outcomes[0] == ""
    assert "the broker refused it" in outcomes[-1]


def test_a_return_says_what_no_queue_took(broker_client: BrokerClient) -> None:
    dead_letter = Outgoing(Destination.DEAD_LETTERS, "invalid", b"", Properties(message_id="letter-1"))
    observer = RecordingTelemetry()
    with running(broker_client.publisher(observer)) as publisher:
        observer.await_event(BrokerConnected)
        broker_client.channel.queue_unbind(
            broker_client.topology.dead_letters, broker_client.topology.dead_letters, "#"
        )

        assert "NO_ROUTE" in outcome(publisher, dead_letter)
        assert outcome(publisher, event()) == ""


def test_confirmed_survives_a_forced_close_and_publishing_goes_on(
    broker: OwnBroker, broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    """Whatever a publish said, it must be true: everything it called confirmed is in the queue afterwards."""
    with running(broker_client.publisher(observer)) as publisher, ThreadPoolExecutor(16) as pool:
        observer.await_event(BrokerConnected)
        outcomes = [pool.submit(outcome, publisher, event(f"evt-{number}")) for number in range(3_000)]
        broker.ctl("close_all_connections", "a test closes them")
        reasons = [it.result() for it in outcomes]
        observer.await_event(BrokerReconnected)
        publisher.publish(event("afterwards"))

    broker_client.reconnect()
    arrived = {
        properties.message_id for _method, properties, _body in broker_client.take_all(broker_client.topology.unrouted)
    }
    confirmed = {f"evt-{number}" for number, why in enumerate(reasons) if why == ""}
    assert confirmed | {"afterwards"} <= arrived
    assert all("connection ended before the broker confirmed" in why for why in reasons if why)


def test_a_publish_waits_for_a_broker_that_is_not_there_yet(broker_client: BrokerClient, proxy: TcpProxy) -> None:
    observer = RecordingTelemetry()
    with running(broker_client.by_way_of(proxy.port).publisher(observer)) as publisher, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcome, publisher, event())
        assert "nothing listens" in observer.await_event(BrokerNotReached).reason
        proxy.open()

        assert waiting.result(SECONDS) == ""


def test_a_broker_that_never_answers_is_given_up_and_dialled_again(
    broker_client: BrokerClient, proxy: TcpProxy
) -> None:
    proxy.open()
    observer = RecordingTelemetry()
    with running(broker_client.by_way_of(proxy.port).publisher(observer, patience_seconds=1.0)) as publisher:
        observer.await_event(BrokerConnected)
        proxy.swallow_answers()
        assert "no answer within 1 s" in outcome(publisher, event())
        assert "did not confirm in time" in observer.await_event(BrokerDisconnected).reason
        proxy.swallow_answers(swallow=False)
        observer.await_event(BrokerReconnected)
        assert outcome(publisher, event()) == ""


def test_while_the_broker_is_short_of_memory_messages_wait(
    broker: OwnBroker, broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    with running(broker_client.publisher(observer, patience_seconds=1.0)) as publisher:
        observer.await_event(BrokerConnected)
        try:
            broker.ctl("set_vm_memory_high_watermark", "0.0001")
            outcome(publisher, event("sent"))  # the broker reports it only once something is published
            observer.await_event(BrokerBlocked)
            assert "takes no messages now" in outcome(publisher, event("kept back"))
        finally:
            broker.ctl("set_vm_memory_high_watermark", "0.4")
        observer.await_event(BrokerUnblocked)
        assert outcome(publisher, event("afterwards")) == ""

    arrived = [
        properties.message_id for _method, properties, _body in broker_client.take_all(broker_client.topology.unrouted)
    ]
    assert arrived == ["sent", "afterwards"]


def test_an_exchange_deleted_under_it_is_declared_again(
    broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    with running(broker_client.publisher(observer)) as publisher:
        observer.await_event(BrokerConnected)
        broker_client.channel.exchange_delete(broker_client.topology.events)

        assert "not confirmed" in outcome(publisher, event())
        assert "NOT_FOUND" in observer.await_event(BrokerDisconnected).reason
        assert outcome(publisher, event()) == ""


def test_the_depth_of_every_queue_is_known(broker_client: BrokerClient, observer: RecordingTelemetry) -> None:
    broker_client.commands(3)
    with running(broker_client.publisher(observer)) as publisher:
        wait_for(lambda: publisher.depths.get(broker_client.topology.command_queues[0]) == 3, "the depth")
        assert set(publisher.depths) == {queue.name for queue in broker_client.topology.queues}


def test_the_stop_waits_for_what_is_under_way_and_leaves_no_thread(
    broker_client: BrokerClient, observer: RecordingTelemetry
) -> None:
    publisher = broker_client.publisher(observer)
    publisher.start()
    observer.await_event(BrokerConnected)
    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(outcome, publisher, event(f"evt-{number}")) for number in range(8)]
        assert publisher.stop()

    assert publisher.stop()
    assert "broker-publish" not in {thread.name for thread in threading.enumerate()}
    reasons = {it.result() for it in outcomes}
    assert all("stopped" in why for why in reasons if why)


def test_a_stopped_publisher_can_be_started_again(broker_client: BrokerClient) -> None:
    publisher = broker_client.publisher(discard_event)
    for _ in range(2):
        with running(publisher):
            assert outcome(publisher, event()) == ""

    assert broker_client.ready(broker_client.topology.unrouted) == 2
