"""One AMQP connection: pika's, with four things added that it has no public way for.

Everything here touches pika's protected parts, and nothing else in the house does; the dependency is therefore bound
to the series of pika these were read in (1.4), and the integration tests fail when one of them changes.

1. Properties are decoded by `properties.py`, so that no message can end the connection.
2. What is written inside `corked` leaves in one piece: pika sends every frame by a system call of its own.
3. `send` takes a message marshalled beforehand, in the thread that wants it published.
4. `leave` closes the connection without cancelling its consumers. pika's `close()` cancels first, and a queue with a
   single active consumer then hands over to the standby before the unacknowledged messages are back: order is lost.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pika
from pika import frame, spec
from pika.adapters.select_connection import IOLoop
from pika.exceptions import ConnectionClosedByClient, StreamLostError

from worker.broker.connection.properties import decode_properties
from worker.domain.deliveries import Properties

CLOSED_NORMALLY = 200
_FRAME_OVERHEAD = spec.FRAME_HEADER_SIZE + spec.FRAME_END_SIZE
_FRAME_START = struct.Struct(">BHI")
_CONTENT_START = struct.Struct(">HHQ")

Opened = Callable[["WireConnection"], None]
Ended = Callable[["WireConnection", BaseException], None]


class WireConnection(pika.SelectConnection):
    """A connection that belongs to one thread; `opened` or `ended` tell how the attempt to connect went."""

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
        """Write one message whose method and header frames are in `head` already; the body is cut into frames here."""
        room = self.params.frame_max - _FRAME_OVERHEAD
        pieces = [body[start : start + room] for start in range(0, len(body), room)]
        self._output_marshaled_frames([head, *(_frame(spec.FRAME_BODY, channel_number, piece) for piece in pieces)])

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
        """Close the socket of a connection whose loop has ended: nobody else would."""
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

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        self.frames_sent += len(marshaled_frames)
        self.bytes_sent += sum(map(len, marshaled_frames))
        if self._cork is not None:
            self._cork.extend(marshaled_frames)
        else:
            self._adapter_emit_data(b"".join(marshaled_frames))

    def _read_frame(self) -> tuple[int, frame.Frame | frame.ProtocolHeader | None]:
        buffer = self._frame_buffer
        if buffer[0] != spec.FRAME_HEADER or len(buffer) < spec.FRAME_HEADER_SIZE:
            return super()._read_frame()
        _, channel_number, size = _FRAME_START.unpack_from(buffer)
        end = size + _FRAME_OVERHEAD
        if len(buffer) < end:
            return 0, None
        _, _, body_size = _CONTENT_START.unpack_from(buffer, spec.FRAME_HEADER_SIZE)
        properties = decode_properties(buffer, spec.FRAME_HEADER_SIZE + _CONTENT_START.size)
        return end, frame.Header(channel_number, body_size, cast("spec.BasicProperties", properties))


def _frame(kind: int, channel_number: int, payload: bytes) -> bytes:
    return b"".join((_FRAME_START.pack(kind, channel_number, len(payload)), payload, bytes((spec.FRAME_END,))))


def plain_properties(properties: object) -> Properties:
    """Take back the properties that `WireConnection` decoded, and pika carried to a callback under its own type."""
    if not isinstance(properties, Properties):
        raise TypeError("this version of pika decodes properties in another way than WireConnection knows")
    return properties
