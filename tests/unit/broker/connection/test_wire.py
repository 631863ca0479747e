"""Frames as they come from a socket: cut anywhere, each delivery arrives once; and what is written at once."""

import logging
import ssl
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Self

import pytest
from pika import frame, spec
from pika.adapters.utils.io_services_utils import _AsyncTransportBase
from pika.callback import CallbackManager
from pika.channel import Channel
from pika.exceptions import InvalidFrameError

from worker.broker.connection.wire import READ_BYTES, WireConnection
from worker.domain.deliveries import Properties

FRAME_MAX = 400
KEY = "DisableCustomer.billing"
#: None, some, exactly as many bytes as one frame may have, and several frames of what looks like their end.
BODIES = (b"", b"{}", bytes(FRAME_MAX - 8), bytes((spec.FRAME_END,)) * 900)


def frames(tag: int, body: bytes, *, consumer: str = "c", identified: bool = True) -> Iterator[bytes]:
    """One delivery as the broker writes it."""
    deliver = spec.Basic.Deliver(consumer, tag, tag % 2 == 0, "p.commands", KEY)  # type: ignore[no-untyped-call]  # pika's are generated
    properties = spec.BasicProperties(message_id=str(tag) if identified else None, headers={"n": tag})  # type: ignore[no-untyped-call]  # the same
    yield frame.Method(1, deliver).marshal()
    yield frame.Header(1, len(body), properties).marshal()
    for at in range(0, len(body), FRAME_MAX - 8):
        yield frame.Body(1, body[at : at + FRAME_MAX - 8]).marshal()


class Transport(_AsyncTransportBase):
    """pika's, as far as writing is concerned."""

    def write(self, _data: bytes) -> None:
        """Replaced."""


class Receiver:
    """A connection with one channel and one consumer, without a socket; pika's own parts are real."""

    def __init__(self) -> None:
        self.got: list[tuple[int, bool, str, str, str, object, bytes]] = []
        self.properties: list[Properties] = []
        self.heartbeats = 0
        self.rejected: list[int] = []
        self.wire: Any = object.__new__(WireConnection)
        self.wire._frame_buffer = b""
        self.wire.bytes_received = self.wire.frames_received = 0
        self.wire.callbacks = CallbackManager()
        checker: Any = SimpleNamespace(received=self._beat)
        self.wire._heartbeat_checker = checker
        self.channel: Any = Channel(self.wire, 1, lambda _: None)
        self.channel._set_state(Channel.OPEN)
        self.channel._consumers["c"] = self._deliver
        self.wire._channels = {1: self.channel}

    def receive(self, *pieces: bytes) -> None:
        """Hand over what came, as pika's transport does."""
        for piece in pieces:
            self.wire._on_data_available(piece)

    def _beat(self) -> None:
        self.heartbeats += 1

    def _deliver(self, _channel: object, method: Any, properties: Any, body: bytes) -> None:  # noqa: ANN401
        self.properties.append(properties)
        self.got.append(
            (
                method.delivery_tag,
                method.redelivered,
                method.exchange,
                method.routing_key,
                properties.message_id,
                properties.headers["n"],
                body,
            )
        )


def expected(tag: int, body: bytes) -> tuple[int, bool, str, str, str, object, bytes]:
    return tag, tag % 2 == 0, "p.commands", KEY, str(tag), tag, body


@pytest.fixture
def stream() -> list[bytes]:
    """Deliveries of every size, with a heartbeat between two frames of one of them."""
    sent = [part for tag, body in enumerate(BODIES * 2, start=1) for part in frames(tag, body)]
    sent.insert(4, frame.Heartbeat().marshal())
    return sent


def test_wherever_the_bytes_are_cut_each_delivery_comes_once_and_whole(stream: list[bytes]) -> None:
    whole = b"".join(stream)
    wanted = [expected(tag, body) for tag, body in enumerate(BODIES * 2, start=1)]

    for cut in range(len(whole)):
        receiver = Receiver()
        receiver.receive(whole[:cut], whole[cut:])
        assert receiver.got == wanted, cut
        assert (receiver.wire.frames_received, receiver.wire.bytes_received) == (len(stream), len(whole)), cut
        assert receiver.heartbeats == 1


def test_bytes_that_come_one_by_one_are_read_as_well(stream: list[bytes]) -> None:
    receiver = Receiver()

    receiver.receive(*(bytes((each,)) for part in stream for each in part))

    assert receiver.got == [expected(tag, body) for tag, body in enumerate(BODIES * 2, start=1)]


def test_what_no_consumer_waits_for_is_left_to_pika(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    caplog.set_level(logging.ERROR, "pika")

    receiver.receive(b"".join([*frames(1, b"{}", consumer="another"), *frames(2, b"{}")]))

    assert receiver.got == [expected(2, b"{}")]
    assert "Unexpected delivery" in caplog.text


def test_a_name_that_is_no_text_ends_nothing() -> None:
    receiver = Receiver()
    foreign = b"".join(frames(1, b"{}")).replace(b"p.commands", b"p.comm\xffnds")

    receiver.receive(foreign)

    assert receiver.got == [(1, False, "p.comm?nds", KEY, "1", 1, b"{}")]


def test_a_frame_without_its_end_is_no_delivery() -> None:
    receiver = Receiver()
    broken = b"".join(frames(1, b"{}"))[:-1] + b"\x00"

    with pytest.raises(InvalidFrameError):
        receiver.receive(broken)

    assert receiver.got == []


class Socket:
    """Takes so many bytes at once, or raises."""

    def __init__(self, takes: int | OSError) -> None:
        self.takes = takes
        self.taken = b""

    def send(self, data: bytes) -> int:
        """Take some."""
        if isinstance(self.takes, OSError):
            raise self.takes
        self.taken += data[: self.takes]
        return min(len(data), self.takes)


class Readable(Socket):
    """Has three bytes to be read, and then none for now."""

    def __init__(self) -> None:
        super().__init__(0)
        self.reads: list[int] = []

    def recv(self, most: int) -> bytes:
        """Read."""
        self.reads.append(most)
        if len(self.reads) > 1:
            raise BlockingIOError
        return b"abc"


class Wrapped(Readable, ssl.SSLSocket):  # type: ignore[misc]  # it only has to look like one
    """The same behind TLS."""

    def __new__(cls) -> Self:
        """Make none that is connected."""
        return ssl.SSLSocket.__new__(cls)


def emitted(sock: object, *waiting: bytes, state: int = Transport._STATE_ACTIVE) -> list[bytes]:
    """Write six bytes; return what is left for pika to write when its poller says so."""
    left: list[bytes] = []
    wire: Any = object.__new__(WireConnection)
    transport: Any = Transport(sock, None, None)  # type: ignore[arg-type]  # it is never asked to read
    transport._tx_buffers.extend(waiting)
    transport.write = left.append
    transport._state = state
    wire._transport = transport
    wire._adapter_emit_data(b"frames")
    return left


def test_what_the_socket_takes_is_written_at_once_and_the_rest_is_left_to_the_poller() -> None:
    full, half, busy, broken = Socket(6), Socket(2), Socket(BlockingIOError()), Socket(ConnectionResetError())

    assert (emitted(full), full.taken) == ([], b"frames")
    assert (emitted(half), half.taken) == ([b"ames"], b"fr")
    assert emitted(busy) == [b"frames"]
    assert emitted(broken) == [b"frames"]


def test_nothing_overtakes_what_waits_to_be_written() -> None:
    sock = Socket(6)

    assert emitted(sock, b"earlier") == [b"frames"]
    assert sock.taken == b""


def test_nothing_is_written_to_a_socket_that_was_given_up() -> None:
    sock = Socket(6)

    assert emitted(sock, state=Transport._STATE_ABORTED_BY_USER) == [b"frames"]
    assert sock.taken == b""


def test_behind_tls_pika_writes() -> None:
    sock = ssl.SSLSocket.__new__(ssl.SSLSocket)

    assert emitted(sock) == [b"frames"]


def test_a_plain_socket_is_read_once_when_there_is_something_and_tls_until_it_has_nothing_left() -> None:
    received: list[bytes] = []
    wire: Any = object.__new__(WireConnection)
    wire._on_stream_connected = list
    plain_socket: Any = Readable()
    tls_socket: Any = Wrapped()
    protocol: Any = SimpleNamespace(data_received=received.append)
    nobody: Any = None
    plain, tls = (Transport(sock, protocol, nobody) for sock in (plain_socket, tls_socket))

    wire._proto_connection_made(plain)
    plain._consume()
    wire._proto_connection_made(tls)
    with pytest.raises(BlockingIOError):
        tls._consume()

    assert received == [b"abc", b"abc"]
    assert (plain_socket.reads, tls_socket.reads) == ([READ_BYTES], [READ_BYTES, READ_BYTES])


@pytest.mark.parametrize("rest", [b"", bytes(FRAME_MAX)], ids=["in one frame", "in several frames"])
def test_properties_that_claim_more_than_their_frame_are_not_completed_from_what_follows(rest: bytes) -> None:
    receiver = Receiver()
    # Behind the frame's end, read as the length of a name, is the body: made to look like a name and a value of bytes.
    body = bytes(spec.FRAME_END - 7) + b"x" + (60).to_bytes(4, "big") + rest
    honest = b"".join(frames(1, body, identified=False))
    table = honest.index(b"\x01n") - 4
    greedy = honest[:table] + (10_000).to_bytes(4, "big") + honest[table + 4 :]

    receiver.receive(greedy + b"".join(frames(2, b"of another customer")))

    assert [dict(each.headers) for each in receiver.properties] == [{"n": 1}, {"n": 2}]
