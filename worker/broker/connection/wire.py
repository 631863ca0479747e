"""One AMQP connection: pika's, with what it has no public way for.

Everything here touches pika's protected parts, and nothing else in the project does; the dependency is therefore bound
to the series of pika these were read in (1.4), and the integration tests fail when one of them changes.

1. Properties are decoded by `codec`, so that no message can end the connection.
2. A delivery that has come as a whole goes straight to its consumer. pika takes fifteen calls for each of its three
   frames, and copies the rest of what was received after each of them.
3. The socket is read 64 KiB at a time, not 4, and written to at once: pika asks the poller first.
4. What is written inside `corked` leaves in one piece: pika sends every frame by a system call of its own.
5. `send` takes a message encoded beforehand, in the thread that wants it published.
6. `leave` closes the connection without cancelling its consumers. pika's `close()` cancels first, and a queue with a
   single active consumer then hands over to the standby before the unacknowledged messages are back: order is lost.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import pika
from pika import frame, spec
from pika.adapters.select_connection import IOLoop
from pika.exceptions import ConnectionClosedByClient, StreamLostError

from worker.broker.connection.codec import (
    CONTENT_START,
    FRAME_OVERHEAD,
    FRAME_START,
    decode_delivery,
    decode_properties,
    encode_ack,
    encode_body,
)
from worker.domain.deliveries import Properties

CLOSED_NORMALLY = 200
READ_BYTES = 64 * 1024

Opened = Callable[["WireConnection"], None]
Ended = Callable[["WireConnection", BaseException], None]


class WireConnection(pika.SelectConnection):
    """A connection that belongs to one thread; `opened` or `ended` say how the attempt to connect went."""

    def __init__(self, parameters: pika.ConnectionParameters, ioloop: IOLoop, opened: Opened, ended: Ended) -> None:
        self._cork: list[bytes] | None = None
        super().__init__(parameters, opened, ended, ended, ioloop)

    @contextmanager
    def corked(self) -> Iterator[None]:
        """Collect what is written inside the block and write it at its end."""
        self._cork = []
        try:
            yield
        finally:
            self._uncork()

    def send(self, channel_number: int, head: bytes, body: bytes) -> None:
        """Write one message whose method and header frames are in `head` already."""
        self._output_marshaled_frames([head, encode_body(body, channel_number, self.params.frame_max)])

    def acknowledge(self, channel_number: int, through: int, others: Iterable[int]) -> None:
        """Ack what one channel delivered: all up to the tag `through` (0: none), and each of the others."""
        frames = [encode_ack(channel_number, through, multiple=True)] if through else []
        frames += [encode_ack(channel_number, tag, multiple=False) for tag in others]
        self._output_marshaled_frames(frames)

    def leave(self, patience_seconds: float) -> None:
        """Close without cancelling consumers first; after `patience_seconds` without an answer, drop the socket.

        The broker handles what was written before (acks) first, then ends the channels as it does when a process dies:
        the consumer is gone and its messages are back in one step. Until then it may still deliver.
        """
        if self.is_open:
            self._error = ConnectionClosedByClient(CLOSED_NORMALLY, "given back on purpose")
            self._set_connection_state(self.CONNECTION_CLOSING)
            self._send_connection_close(CLOSED_NORMALLY, "given back on purpose")
        self.ioloop.call_later(patience_seconds, self._cut)

    def release(self) -> None:
        """Close the socket of a connection whose loop has ended."""
        if self._transport is not None:
            sock = self._transport._sock  # noqa: SLF001  # pika offers no way to it
            if sock is not None:
                sock.close()

    def _uncork(self) -> None:
        collected, self._cork = self._cork, None
        if collected and self._transport is not None:
            self._adapter_emit_data(b"".join(collected))

    def _cut(self) -> None:
        if not self.is_closed and self._transport is not None:
            self._terminate_stream(StreamLostError("given up"))

    def _proto_connection_made(self, transport: Any) -> None:  # noqa: ANN401  # pika's, of one of two kinds
        transport._MAX_RECV_BYTES = READ_BYTES  # noqa: SLF001  # pika offers no way to it
        if not isinstance(transport._sock, ssl.SSLSocket):  # noqa: SLF001  # the same
            # pika reads until nothing is left, so each time once in vain. What TLS has left the poller does not see.
            transport._MAX_CONSUME_BYTES = 1  # noqa: SLF001  # the same
        super()._proto_connection_made(transport)

    def _adapter_emit_data(self, data: bytes) -> None:
        transport: Any = self._transport
        if _takes_writes(transport):
            # A socket that is full or broken takes nothing: the poller then says pika which it is.
            with suppress(OSError):
                data = data[transport._sock.send(data) :]  # noqa: SLF001  # pika offers no way to it
        if data:
            super()._adapter_emit_data(data)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        self.frames_sent += len(marshaled_frames)
        self.bytes_sent += sum(map(len, marshaled_frames))
        if self._cork is not None:
            self._cork.extend(marshaled_frames)
        else:
            self._adapter_emit_data(b"".join(marshaled_frames))

    def _on_data_available(self, data_in: bytes) -> None:
        buffer, at = self._frame_buffer + data_in, 0
        try:
            while at < len(buffer):
                end = self._take_delivery(buffer, at) or self._take_frame(buffer, at)
                if not end:
                    break
                at = end
        finally:
            self._frame_buffer = buffer[at:]
            self.bytes_received += at

    def _take_delivery(self, buffer: bytes, at: int) -> int:
        """Hand over the delivery that begins there, and return its end; 0 when pika has to look."""
        found = decode_delivery(buffer, at)
        if found is None:
            return 0
        end, channel_number, method, properties, body = found
        channel = self._channels.get(channel_number)
        if channel is None or method.consumer_tag not in channel._consumers:  # noqa: SLF001  # pika offers no way to it
            return 0
        self.frames_received += 3
        channel._consumers[method.consumer_tag](channel, method, cast("spec.BasicProperties", properties), body)  # noqa: SLF001  # the same
        return end

    def _take_frame(self, buffer: bytes, at: int) -> int:
        """Let pika process the frame that begins there, and return its end; 0 when it has not come as a whole."""
        if len(buffer) - at < FRAME_START.size:
            return 0
        kind, channel_number, size = FRAME_START.unpack_from(buffer, at)
        end: int = at + size + FRAME_OVERHEAD
        if kind != spec.FRAME_HEADER:
            consumed, received = frame.decode_frame(buffer[at:end])
            end = at + consumed
        elif end <= len(buffer):
            body_size = CONTENT_START.unpack_from(buffer, at)[-1]
            properties = decode_properties(buffer[at + CONTENT_START.size : end - 1], 0)
            received = frame.Header(channel_number, body_size, cast("spec.BasicProperties", properties))
        else:
            received = None
        if received is None:
            return 0
        self._process_frame(received)
        return end


def _takes_writes(transport: Any) -> bool:  # noqa: ANN401  # pika's, of one of two kinds
    """Whether its socket can be written to past its buffer: what is in that goes first, and TLS is left to pika."""
    return (
        transport._state == transport._STATE_ACTIVE  # noqa: SLF001  # pika offers no way to it
        and not transport._tx_buffers  # noqa: SLF001  # the same
        and not isinstance(transport._sock, ssl.SSLSocket)  # noqa: SLF001  # the same
    )


def plain_properties(properties: object) -> Properties:
    """Return the properties that `WireConnection` decoded. Raises TypeError when pika's callback carries others."""
    if not isinstance(properties, Properties):
        raise TypeError("this version of pika decodes properties in another way than WireConnection knows")
    return properties
