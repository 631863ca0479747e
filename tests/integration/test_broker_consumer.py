"""The consumer on a real broker: what arrives, what is settled, and what comes again when a connection ends."""

import logging
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pika
import pytest

from sandbox.servers.finding import OwnBroker
from tests.fakes.telemetry import RecordingTelemetry
from tests.support.broker_tools import BrokerClient, RecordingIntake, persistent, running
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_for
from worker.broker.consume.consumer import Consumer
from worker.broker.topology.survey import Mode
from worker.domain.deliveries import Receipt
from worker.domain.telemetry import (
    BrokerCallbackCrashed,
    BrokerConnected,
    BrokerDisconnected,
    BrokerNotReached,
    BrokerReconnected,
    discard_event,
)


@pytest.fixture
def proxy(broker: OwnBroker) -> Iterator[TcpProxy]:
    made = TcpProxy(urlsplit(broker.url).port or 0)
    yield made
    made.release()


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def nested_tables(depth: int) -> bytes:
    table = struct.pack(">I", 0)
    for _ in range(depth):
        table = struct.pack(">I", len(table) + 3) + b"\x01nF" + table
    return table


class RawProperties(pika.BasicProperties):
    """Properties with a header table that pika itself cannot write."""

    def __init__(self, table: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pika's are generated
        self._table = table

    def encode(self) -> list[bytes]:
        """Write the headers' flag, and the table as it is."""
        return [b"\x20\x00", struct.pack(">I", len(self._table)), self._table]


def test_deliveries_come_in_the_queue_s_order_and_are_plain_values(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    broker_client.command(
        b"{}", persistent(message_id="m", type="CreateCustomer", app_id="billing", headers={"ce-id": "7"})
    )
    broker_client.commands(10)
    with running(broker_client.consumer(intake, discard_event)):
        deliveries = intake.await_count(11)

    assert [it.body.decode() for it in deliveries] == ["{}", *numbers(0, 10)]
    first = deliveries[0]
    assert (first.properties.message_id, first.properties.type, first.redelivered) == ("m", "CreateCustomer", False)
    assert (first.exchange, first.routing_key) == (broker_client.topology.commands, "any")
    assert first.properties.headers["ce-id"] == "7"


def test_what_was_acked_is_gone_and_what_was_not_comes_again(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    broker_client.commands(10)
    with running(broker_client.consumer(intake, discard_event)) as consumer:
        for delivery in intake.await_count(10)[::2]:
            consumer.ack(delivery.receipt)

    left = [body.decode() for _method, _properties, body in _after_the_consumer(broker_client)]
    assert left == ["1", "3", "5", "7", "9"]


def test_the_broker_gives_no_more_than_the_prefetch(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    broker_client.commands(8)
    with running(broker_client.consumer(intake, discard_event, prefetch=3)) as consumer:
        held = intake.await_count(3)
        assert broker_client.ready(broker_client.topology.command_queues[0]) == 5
        consumer.ack(held[1].receipt)
        assert [it.body for it in intake.await_count(4)] == [b"0", b"1", b"2", b"3"]


def test_after_a_forced_close_everything_unsettled_comes_again_in_order(
    broker: OwnBroker, broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    broker_client.commands(23)
    with running(broker_client.consumer(intake, discard_event, prefetch=20)) as consumer:
        for delivery in intake.await_count(20)[3:6]:
            consumer.ack(delivery.receipt)
        intake.await_count(23)  # the broker has taken the acks: it fills the window again
        broker.ctl("close_all_connections", "a test closes them")
        again = intake.await_count(43)[23:]

    assert [it.body.decode() for it in again] == numbers(0, 3) + numbers(6, 23)
    assert all(it.redelivered and it.receipt.epoch == 2 for it in again)
    assert intake.recorded.index("1:lost") < intake.recorded.index("2:consuming") < intake.recorded.index("2:0")


def test_a_stale_ack_is_dropped_and_removes_nobody_elses_message(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    observer = RecordingTelemetry()
    broker_client.commands(3)
    with running(broker_client.consumer(intake, observer)) as consumer:
        old = intake.await_count(3)
        consumer.give_back()
        new = intake.await_count(6)[3:]
        for delivery in old:
            consumer.ack(delivery.receipt)
        consumer.ack(Receipt(2, 999))
        consumer.ack(new[2].receipt)
        consumer.ack(new[2].receipt)

    assert [body for _method, _properties, body in _after_the_consumer(broker_client)] == [b"0", b"1"]
    assert len(observer.of(BrokerConnected)) == 2


def test_giving_back_settles_first_and_takes_the_rest_again_in_order(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    broker_client.commands(60)
    with running(broker_client.consumer(intake, discard_event, prefetch=40)) as consumer:
        for delivery in intake.await_count(40)[10:30]:
            consumer.ack(delivery.receipt)
        consumer.give_back()
        intake.await_recorded("2:consuming")
        wait_for(lambda: len(intake.bodies(2)) >= 40, "forty deliveries")

    assert intake.bodies(2)[:40] == numbers(0, 10) + numbers(30, 60)
    assert intake.recorded.index("1:lost") < intake.recorded.index("2:consuming")


@pytest.mark.parametrize("leave", [Consumer.give_back, Consumer.stop], ids=["given back", "stopped"])
def test_many_acks_are_taken_though_the_connection_ends_right_after(
    broker_client: BrokerClient, intake: RecordingIntake, leave: Callable[[Consumer], object]
) -> None:
    observer = RecordingTelemetry()
    broker_client.commands(200)
    with running(broker_client.consumer(intake, observer, prefetch=200)) as consumer:
        for delivery in intake.await_count(200)[:-1]:
            consumer.ack(delivery.receipt)
        leave(consumer)

    assert [body for _method, _properties, body in _after_the_consumer(broker_client)] == [b"199"]
    assert observer.of(BrokerCallbackCrashed) == []


def test_a_stop_in_the_middle_of_connecting_is_no_fault(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    observer = RecordingTelemetry()
    for _ in range(20):
        with running(broker_client.consumer(intake, observer)) as consumer:
            assert consumer.alive

    assert observer.of(BrokerCallbackCrashed) == []


def test_headers_of_125_kilobytes_are_delivered(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    broker_client.command(b"{}", persistent(headers={"big": "x" * 125_000}))
    with running(broker_client.consumer(intake, discard_event)):
        (delivery,) = intake.await_count(1)

    assert delivery.properties.headers["big"] == "x" * 125_000


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (b"T", struct.pack(">Q", 1_700_000_000_000_000)),
        (b"F", nested_tables(600)),
        (b"S", struct.pack(">I", 2) + b"\xff\xfe"),
    ],
    ids=["a timestamp beyond the calendar", "tables in tables", "a text that is none"],
)
def test_a_header_hard_to_read_does_not_hold_up_what_follows(
    broker_client: BrokerClient, intake: RecordingIntake, kind: bytes, value: bytes
) -> None:
    observer = RecordingTelemetry()
    broker_client.command(b"odd", RawProperties(b"\x03odd" + kind + value))
    broker_client.command(b"next")
    with running(broker_client.consumer(intake, observer)):
        deliveries = intake.await_count(2)

    assert [it.body for it in deliveries] == [b"odd", b"next"]
    assert len(observer.of(BrokerConnected)) == 1


def test_a_routing_key_that_is_no_text_is_delivered(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    broker_client.channel.basic_publish(broker_client.topology.commands, b"\xff\xfe", b"odd", persistent())
    with running(broker_client.consumer(intake, discard_event)):
        (delivery,) = intake.await_count(1)

    assert delivery.routing_key == "??"


def test_a_failing_intake_is_reported_and_ends_the_connection_not_the_loop(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    observer = RecordingTelemetry()
    intake.fault = ValueError("a fault of ours")
    broker_client.commands(2)
    with running(broker_client.consumer(intake, observer)) as consumer:
        assert "a fault of ours" in observer.await_event(BrokerCallbackCrashed).error.args[0]
        observer.await_event(BrokerReconnected)
        wait_for(lambda: intake.bodies(2) == ["0", "1"], "the redeliveries")
        assert consumer.alive


def test_a_queue_deleted_under_it_is_declared_and_consumed_again(
    broker_client: BrokerClient, intake: RecordingIntake
) -> None:
    observer = RecordingTelemetry()
    with running(broker_client.consumer(intake, observer)):
        observer.await_event(BrokerConnected)
        broker_client.channel.queue_delete(broker_client.topology.command_queues[0])
        assert "cancelled the consumer" in observer.await_event(BrokerDisconnected).reason
        observer.await_event(BrokerReconnected)
        broker_client.commands(1)
        intake.await_count(1)


def test_it_waits_for_a_broker_that_is_not_there_yet(
    broker_client: BrokerClient, intake: RecordingIntake, proxy: TcpProxy
) -> None:
    observer = RecordingTelemetry()
    with running(broker_client.by_way_of(proxy.port).consumer(intake, observer)) as consumer:
        assert "nothing listens" in observer.await_event(BrokerNotReached).reason
        assert "nothing listens" in (consumer.state.fault or "")
        proxy.open()
        intake.await_recorded("1:consuming")
        observer.await_event(BrokerConnected)
        assert (consumer.state.connected, consumer.state.fault) == (True, None)


def test_a_cut_connection_is_dialled_again(
    broker_client: BrokerClient, intake: RecordingIntake, proxy: TcpProxy
) -> None:
    broker_client.commands(3)
    proxy.open()
    with running(broker_client.by_way_of(proxy.port).consumer(intake, discard_event)):
        intake.await_count(3)
        proxy.cut()
        intake.await_count(6)

    assert intake.bodies(2) == numbers(0, 3)


def test_without_its_topology_it_says_what_is_missing(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    observer = RecordingTelemetry()
    broker_client.channel.queue_delete(broker_client.topology.command_queues[0])
    with running(broker_client.consumer(intake, observer, mode=Mode.LOOK)):
        reason = observer.await_event(BrokerNotReached).reason

    assert broker_client.topology.command_queues[0] in reason
    assert "topology apply" in reason


def test_a_refused_login_is_reported_without_the_password(
    broker_client: BrokerClient, intake: RecordingIntake, caplog: pytest.LogCaptureFixture
) -> None:
    observer = RecordingTelemetry()
    caplog.set_level(logging.DEBUG, "pika")
    wrong = replace(broker_client, url=broker_client.url.replace("guest:guest@", "guest:geheim@"))
    with running(wrong.consumer(intake, observer)) as consumer:
        assert "refuses the login" in observer.await_event(BrokerNotReached).reason
        assert not consumer.state.connected

    assert "geheim" not in caplog.text


def test_the_stop_leaves_no_thread_and_may_be_repeated(broker_client: BrokerClient, intake: RecordingIntake) -> None:
    consumer = broker_client.consumer(intake, discard_event)
    consumer.start()
    consumer.start()
    intake.await_recorded("1:consuming")

    assert consumer.stop()
    assert consumer.stop()
    assert "broker-consume" not in {thread.name for thread in threading.enumerate()}
    assert intake.recorded[-1] == "1:lost"


def test_the_stop_does_not_wait_for_a_broker_that_never_answers(
    broker_client: BrokerClient, intake: RecordingIntake, proxy: TcpProxy
) -> None:
    proxy.open()
    proxy.swallow_answers()
    consumer = broker_client.by_way_of(proxy.port).consumer(intake, discard_event)
    consumer.start()

    assert consumer.stop(deadline_seconds=2.0)
    assert not consumer.alive


def _after_the_consumer(broker_client: BrokerClient) -> list[tuple[object, pika.BasicProperties, bytes]]:
    """Take what the consumer left. A queue with a single active consumer gives nothing to basic.get, so consume."""
    taken = []
    for method, properties, body in broker_client.channel.consume(
        broker_client.topology.command_queues[0], inactivity_timeout=0.3
    ):
        if method is None:
            break
        taken.append((method, properties, body))
    broker_client.channel.cancel()
    return taken
