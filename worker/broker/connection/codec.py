"""Bytes of AMQP: deliveries and their properties decoded, what is published and acked encoded.

Properties are decoded completely and without ever failing. pika's own decoder raises on what other clients may lawfully
send (a NaN, a timestamp in milliseconds, a table nested too deep), and the exception ends the connection: the same
message comes again, for ever. It also turns floats into integers. Here every value becomes a plain Python value, and
what cannot be read costs itself alone.
"""

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from pika import frame, spec
from pika.exceptions import AMQPError

from worker.domain.deliveries import Outgoing, Properties
from worker.errors import Unpublishable

#: Where it ends, its channel, its method, its properties, its body.
WholeDelivery = tuple[int, int, spec.Basic.Deliver, Properties, bytes]
Decoder = Callable[[bytes, int, int], tuple[object, int]]

MAX_DEPTH = 16
PERSISTENT = 2
# Sender-selected routing: with them the broker would route by the message's own wish, and close the channel over one
# that is no list.
ROUTING_HEADERS = frozenset({"CC", "BCC"})
FRAME_OVERHEAD = spec.FRAME_HEADER_SIZE + spec.FRAME_END_SIZE
#: What a frame begins with: its kind, channel and size; a header frame then has class and weight, and the body's size.
FRAME_START = struct.Struct(">BHI")
CONTENT_START = struct.Struct(">BHIIQ")
_METHOD_START = struct.Struct(">BHII")
_CONTENT = (spec.FRAME_HEADER, spec.FRAME_BODY)
_DELIVER, _ACKED = spec.Basic.Deliver.INDEX, spec.Basic.Ack.INDEX
#: The delivery's number, whether it was delivered before, and the length of the exchange's name.
_DELIVERED = struct.Struct(">QBB")
_ACK = struct.Struct(">BHIIQBB")
_FRAME_END = bytes((spec.FRAME_END,))
_UINT32 = struct.Struct(">I")
_UINT64 = struct.Struct(">Q")
_DECIMAL = struct.Struct(">Bi")
_NUMBERS = {kind: struct.Struct(">" + code) for kind, code in zip(b"bBsuUIiLlfd", "bBhHhiIqqfd", strict=True)}
_SHORT_STRINGS = {
    15: "content_type",
    14: "content_encoding",
    10: "correlation_id",
    9: "reply_to",
    8: "expiration",
    7: "message_id",
    5: "type",
    4: "user_id",
    3: "app_id",
}
_IN_WIRE_ORDER = (15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3)
_HEADERS, _DELIVERY_MODE, _PRIORITY, _TIMESTAMP = 13, 12, 11, 6


def decode_properties(encoded: bytes, offset: int) -> Properties:
    """Decode the property flags and list that begin at `offset`. Raises nothing: an unreadable rest is left out."""
    found: dict[str, object] = {}
    with suppress(struct.error, IndexError):
        _decode_list(encoded, offset, found)
    return Properties(**found)  # type: ignore[arg-type]  # the wire's flags fix which name holds which type


def decode_delivery(buffer: bytes, at: int) -> WholeDelivery | None:
    """Decode a delivery that has come as a whole, and whose body is one frame.

    None when something else begins there: a part of a delivery, a larger one, or any other frame.
    """
    try:
        kind, channel, size, method = _METHOD_START.unpack_from(buffer, at)
        if method != _DELIVER or kind != spec.FRAME_METHOD:
            return None
        header_at = at + size + FRAME_OVERHEAD
        header, header_channel, header_size, _, body_size = CONTENT_START.unpack_from(buffer, header_at)
        body_at = header_at + header_size + FRAME_OVERHEAD
        body, body_channel, fragment_size = FRAME_START.unpack_from(buffer, body_at)
    except struct.error:
        return None
    end = body_at + body_size + FRAME_OVERHEAD
    whole = fragment_size == body_size and end <= len(buffer) and buffer[end - 1] == spec.FRAME_END
    if not whole or (header, body) != _CONTENT or not channel == header_channel == body_channel:
        return None
    tag_at = at + _METHOD_START.size + 1 + buffer[at + _METHOD_START.size]
    tag, redelivered, length = _DELIVERED.unpack_from(buffer, tag_at)
    exchange_at = tag_at + _DELIVERED.size
    key_at = exchange_at + length + 1
    delivered = spec.Basic.Deliver(  # type: ignore[no-untyped-call]  # pika's are generated
        text(buffer[at + _METHOD_START.size + 1 : tag_at]),
        tag,
        bool(redelivered),
        text(buffer[exchange_at : key_at - 1]),
        text(buffer[key_at : key_at + buffer[key_at - 1]]),
    )
    properties = decode_properties(buffer[header_at + CONTENT_START.size : body_at - 1], 0)
    return end, channel, delivered, properties, buffer[body_at + FRAME_START.size : end - 1]


def encode_head(message: Outgoing, exchange: str, channel_number: int) -> bytes:
    """Encode the method and the header frame: persistent and mandatory, always. Raises Unpublishable."""
    try:
        start = _encode_publish(exchange, message.routing_key, channel_number)
        header = frame.Header(channel_number, len(message.body), _properties(message.properties)).marshal()
    except (AMQPError, AssertionError, ValueError, TypeError, OverflowError, struct.error) as error:
        raise Unpublishable(f"the message cannot be written as AMQP: {str(error) or type(error).__name__}") from error
    return start + header


def encode_body(body: bytes, channel_number: int, frame_max: int) -> bytes:
    """Encode the body frames, of which none is larger than `frame_max` bytes; a body of nothing has no frame."""
    room = frame_max - FRAME_OVERHEAD
    pieces = (body,) if 0 < len(body) <= room else [body[at : at + room] for at in range(0, len(body), room)]
    frames = (FRAME_START.pack(spec.FRAME_BODY, channel_number, len(piece)) + piece + _FRAME_END for piece in pieces)
    return b"".join(frames)


def encode_ack(channel_number: int, tag: int, *, multiple: bool) -> bytes:
    """Encode the frame that acks one delivery, or all up to it."""
    size = _ACK.size - FRAME_OVERHEAD
    return _ACK.pack(spec.FRAME_METHOD, channel_number, size, _ACKED, tag, multiple, spec.FRAME_END)


@lru_cache(maxsize=1024)
def _encode_publish(exchange: str, routing_key: str, channel_number: int) -> bytes:
    """Encode the method frame: the same for all messages that go the same way."""
    method = spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True)  # type: ignore[no-untyped-call]  # pika's are generated
    return frame.Method(channel_number, method).marshal()


def _properties(properties: Properties) -> spec.BasicProperties:
    """Translate, leaving out what would change its fate.

    An expiration would delete it unread; a user_id that is not our login's makes the broker close the channel.
    """
    headers = {name: value for name, value in properties.headers.items() if name not in ROUTING_HEADERS}
    return spec.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        headers=headers or None,
        delivery_mode=PERSISTENT,
        priority=properties.priority,
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        message_id=properties.message_id,
        timestamp=properties.timestamp,
        type=properties.type,
        app_id=properties.app_id,
    )


def text(raw: bytes) -> str:
    """Decode UTF-8. What is not becomes `?`, so that the text never needs more bytes than it came with."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="replace").replace("\ufffd", "?")


def _decode_list(encoded: bytes, offset: int, found: dict[str, object]) -> None:
    flags = encoded[offset] << 8 | encoded[offset + 1]
    offset += 2
    for bit in _IN_WIRE_ORDER:
        if not flags >> bit & 1:
            continue
        if bit in _SHORT_STRINGS:
            end = offset + 1 + encoded[offset]
            found[_SHORT_STRINGS[bit]] = text(encoded[offset + 1 : end])
            offset = end
        elif bit == _HEADERS:
            found["headers"], offset = _table(encoded, offset, 0)
        elif bit == _TIMESTAMP:
            found["timestamp"], offset = _UINT64.unpack_from(encoded, offset)[0], offset + 8
        else:
            found["delivery_mode" if bit == _DELIVERY_MODE else "priority"] = encoded[offset]
            offset += 1


def _table(encoded: bytes, offset: int, depth: int) -> tuple[Mapping[str, object], int]:
    offset, end = _extent(encoded, offset)
    table: dict[str, object] = {}
    with suppress(struct.error, IndexError, KeyError):
        while offset < end and depth < MAX_DEPTH:
            key_end = offset + 1 + encoded[offset]
            value, after = _value(encoded, key_end, depth)
            _put(table, text(encoded[offset + 1 : key_end]), value)
            offset = after
    return table, end


class _Repeated(list[object]):
    """The values of a name that is in a table more than once, in their order."""


def _put(table: dict[str, object], name: str, value: object) -> None:
    # Nothing forbids a name twice, or a thousand times. All values are kept, so that whoever reads the header sees that
    # no one is meant; side by side, for a list within a list for each of them is deeper than Python can print.
    if name not in table:
        table[name] = value
    elif isinstance(kept := table[name], _Repeated):
        kept.append(value)
    elif kept != value:
        table[name] = _Repeated((kept, value))


def _array(encoded: bytes, offset: int, depth: int) -> tuple[list[object], int]:
    offset, end = _extent(encoded, offset)
    array: list[object] = []
    with suppress(struct.error, IndexError, KeyError):
        while offset < end and depth < MAX_DEPTH:
            value, offset = _value(encoded, offset, depth)
            array.append(value)
    return array, end


def _value(encoded: bytes, offset: int, depth: int) -> tuple[object, int]:
    kind = encoded[offset]
    if kind == _LONG_STRING:
        offset, end = _extent(encoded, offset + 1)
        return _text_or_bytes(encoded[offset:end]), end
    number = _NUMBERS.get(kind)
    if number is not None:
        return number.unpack_from(encoded, offset + 1)[0], offset + 1 + number.size
    return _OTHERS[kind](encoded, offset + 1, depth + 1)


def _extent(encoded: bytes, offset: int) -> tuple[int, int]:
    start = offset + 4
    return start, start + _UINT32.unpack_from(encoded, offset)[0]


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _boolean(encoded: bytes, offset: int, _depth: int) -> tuple[bool, int]:
    return bool(encoded[offset]), offset + 1


def _decimal(encoded: bytes, offset: int, _depth: int) -> tuple[Decimal, int]:
    places, unscaled = _DECIMAL.unpack_from(encoded, offset)
    return Decimal(unscaled).scaleb(-places), offset + 5


def _moment(encoded: bytes, offset: int, _depth: int) -> tuple[datetime | int, int]:
    """Decode a timestamp; one beyond the calendar (milliseconds sent for seconds) stays the number it is."""
    seconds = _UINT64.unpack_from(encoded, offset)[0]
    try:
        return datetime.fromtimestamp(seconds, UTC), offset + 8
    except (ValueError, OverflowError, OSError):
        return seconds, offset + 8


def _raw_bytes(encoded: bytes, offset: int, _depth: int) -> tuple[bytes, int]:
    start, end = _extent(encoded, offset)
    return encoded[start:end], end


def _void(_encoded: bytes, offset: int, _depth: int) -> tuple[None, int]:
    return None, offset


_LONG_STRING = ord("S")
_OTHERS: Mapping[int, Decoder] = {
    ord("t"): _boolean,
    ord("D"): _decimal,
    ord("T"): _moment,
    ord("x"): _raw_bytes,
    ord("A"): _array,
    ord("F"): _table,
    ord("V"): _void,
}
