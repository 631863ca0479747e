"""A message encoded for the wire: always persistent and mandatory, never what would change its fate."""

from dataclasses import replace
from typing import Any

import pytest
from pika import frame, spec

from worker.broker.connection.codec import FRAME_OVERHEAD, decode_properties, encode_ack, encode_body, encode_head
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import Unpublishable

MESSAGE = Outgoing(Destination.EVENTS, "CustomerCreated.billing", b"{}", Properties(message_id="m", type="t"))


def decoded(message: Outgoing) -> tuple[Any, Properties]:
    head = encode_head(message, "p.events", 1)
    consumed, start = frame.decode_frame(head)
    return start.method, decode_properties(head, consumed + spec.FRAME_HEADER_SIZE + 12)  # type: ignore[union-attr]


def test_an_encoded_message_is_mandatory_and_goes_where_it_should() -> None:
    method, _properties = decoded(MESSAGE)

    assert (method.exchange, method.routing_key, method.mandatory) == ("p.events", "CustomerCreated.billing", True)


def test_an_encoded_message_is_persistent_whatever_it_says() -> None:
    transient = replace(MESSAGE, properties=replace(MESSAGE.properties, delivery_mode=1))

    _method, properties = decoded(transient)

    assert properties == replace(MESSAGE.properties, delivery_mode=2)


def test_what_would_change_its_fate_is_left_out() -> None:
    dangerous = replace(
        MESSAGE.properties, expiration="1", user_id="somebody", headers={"CC": "x", "BCC": ["y"], "kept": "z"}
    )

    _method, properties = decoded(replace(MESSAGE, properties=dangerous))

    assert (properties.expiration, properties.user_id) == (None, None)
    assert properties.headers == {"kept": "z"}


@pytest.mark.parametrize(
    "fault",
    [
        {"routing_key": "k" * 256},
        {"routing_key": "\ud800"},
        {"properties": Properties(message_id="m" * 256)},
        {"properties": Properties(headers={"h": 1.5})},
        {"properties": Properties(headers={"h": 2**64})},
        {"properties": Properties(headers={"k" * 256: "v"})},
        {"properties": Properties(priority=256)},
        {"properties": Properties(timestamp=-1)},
    ],
)
def test_what_amqp_cannot_carry_is_refused_before_anything_is_sent(fault: dict[str, Any]) -> None:
    with pytest.raises(Unpublishable, match="cannot be written as AMQP"):
        encode_head(replace(MESSAGE, **fault), "p.events", 1)


@pytest.mark.parametrize("multiple", [False, True])
def test_an_ack_is_what_pika_writes(multiple: bool) -> None:
    ack = spec.Basic.Ack(2**40 + 3, multiple)  # type: ignore[no-untyped-call]  # pika's are generated

    assert encode_ack(7, 2**40 + 3, multiple=multiple) == frame.Method(7, ack).marshal()


@pytest.mark.parametrize("size", [0, 1, 4096 - FRAME_OVERHEAD, 4096 - FRAME_OVERHEAD + 1, 3 * 4096])
def test_a_body_is_cut_into_frames_that_the_broker_takes(size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    encoded, found = encode_body(body, 7, 4096), []

    while encoded:
        consumed, piece = frame.decode_frame(encoded)
        assert isinstance(piece, frame.Body)
        assert (consumed <= 4096, piece.channel_number) == (True, 7)
        found.append(piece.fragment)
        encoded = encoded[consumed:]

    assert b"".join(found) == body
    assert all(found)
