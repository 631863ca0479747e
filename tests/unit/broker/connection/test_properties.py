"""Properties from the wire: everything a client may send is readable, and nothing can make the decoder fail."""

import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.broker.connection.codec import decode_properties, text
from worker.domain.deliveries import Properties

HEADERS_ONLY = b"\x20\x00"


def encoded(**properties: Any) -> bytes:  # noqa: ANN401  # whatever pika can encode
    made = pika.BasicProperties(**properties)  # type: ignore[no-untyped-call]  # pika's are generated
    return b"".join(made.encode())  # type: ignore[no-untyped-call]  # the same


def long_string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def header(kind: bytes, value: bytes) -> object:
    table = b"\x01k" + kind + value
    return decode_properties(HEADERS_ONLY + long_string(table), 0).headers["k"]


def test_every_property_is_read_from_its_place() -> None:
    given_properties: dict[str, Any] = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "headers": {"a": "b"},
        "delivery_mode": 2,
        "priority": 7,
        "correlation_id": "c",
        "reply_to": "r",
        "expiration": "60000",
        "message_id": "m",
        "timestamp": 1_700_000_000,
        "type": "CreateCustomer",
        "user_id": "guest",
        "app_id": "billing",
    }

    assert decode_properties(encoded(**given_properties), 0) == Properties(**given_properties)


@given(st.sets(st.sampled_from(["content_type", "correlation_id", "message_id", "type", "user_id", "app_id"])))
def test_any_choice_of_properties_is_distinguished(names: set[str]) -> None:
    properties: dict[str, Any] = {name: f"the {name}" for name in names}

    assert decode_properties(encoded(**properties), 0) == Properties(**properties)


def test_no_properties_are_none() -> None:
    assert decode_properties(encoded(), 0) == Properties()


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.binary(min_size=1).filter(lambda raw: b"\x80" not in raw)
)
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=60), nested, max_size=4))
def test_headers_come_back_as_plain_values(headers: dict[str, Any]) -> None:
    found = decode_properties(encoded(headers=headers), 0).headers

    assert found == headers
    assert "L" not in repr([value for value in found.values() if isinstance(value, int)])


def test_floats_stay_floats() -> None:
    assert header(b"d", struct.pack(">d", 1.75)) == 1.75
    assert str(header(b"d", struct.pack(">d", float("nan")))) == "nan"
    assert header(b"f", struct.pack(">f", float("inf"))) == float("inf")


def test_a_timestamp_in_milliseconds_stays_a_number() -> None:
    assert header(b"T", struct.pack(">Q", 1_700_000_000)) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert header(b"T", struct.pack(">Q", 1_700_000_000_000_000)) == 1_700_000_000_000_000


def test_a_decimal_keeps_its_places() -> None:
    assert header(b"D", struct.pack(">Bi", 2, -1234)) == Decimal("-12.34")


@pytest.mark.parametrize(
    ("kind", "raw", "number"),
    [
        (b"b", b"\xff", -1),
        (b"B", b"\xff", 255),
        (b"s", b"\xff\xfe", -2),
        (b"u", b"\xff\xfe", 65534),
        (b"i", b"\xff" * 4, 2**32 - 1),
    ],
)
def test_small_integers_keep_their_sign(kind: bytes, raw: bytes, number: int) -> None:
    assert header(kind, raw) == number


def test_a_string_that_is_no_text_stays_bytes() -> None:
    assert header(b"S", long_string(b"\xff\xfe")) == b"\xff\xfe"


def test_a_name_that_is_no_text_never_grows() -> None:
    raw = b"\xff" * 255

    assert text(raw) == "?" * 255
    assert decode_properties(b"\x00\x80" + bytes([255]) + raw, 0).message_id == "?" * 255


def test_a_table_nested_without_end_is_cut_off() -> None:
    table = b""
    for _ in range(2_000):
        table = b"\x01n" + b"F" + long_string(table)

    properties = decode_properties(b"\x20\x80" + long_string(table) + b"\x02id", 0)

    assert properties.message_id == "id"
    assert isinstance(properties.headers["n"], dict)


def test_an_unknown_kind_costs_the_rest_of_its_table_only() -> None:
    table = b"\x01a" + b"t\x01" + b"\x01b" + b"?whatever"

    properties = decode_properties(b"\x20\x80" + long_string(table) + b"\x02id", 0)

    assert properties == Properties(headers={"a": True}, message_id="id")


@given(st.binary(max_size=200))
def test_nothing_makes_the_decoder_fail(noise: bytes) -> None:
    assert isinstance(decode_properties(noise, 0), Properties)


@given(st.integers(0, 400))
def test_a_cut_off_message_does_not_make_it_fail(length: int) -> None:
    whole = encoded(
        headers={"list": [1, "two", {"three": None}], "text": "x" * 50}, message_id="m" * 200, type="t" * 90
    )

    assert isinstance(decode_properties(whole[:length], 0), Properties)


def twice(first: bytes, second: bytes) -> object:
    table = b"".join(b"\x01kS" + long_string(value) for value in (first, second))
    return decode_properties(HEADERS_ONLY + long_string(table), 0).headers["k"]


def test_a_header_that_is_there_twice_keeps_both_of_its_values() -> None:
    assert twice(b"evt_1", b"evt_2") == ["evt_1", "evt_2"]
    assert twice(b"evt_1", b"evt_1") == "evt_1"


def test_a_header_that_is_there_a_thousand_times_has_its_values_side_by_side() -> None:
    table = b"".join(b"\x01kI" + number.to_bytes(4, "big") for number in range(5_000))

    headers = decode_properties(HEADERS_ONLY + long_string(table), 0).headers

    assert headers["k"] == list(range(5_000))
    # Within one another they would be too deep for whatever prints, hashes or keeps them.
    assert len(repr(headers)) > 5_000


def test_of_a_value_and_a_list_that_repeat_a_header_the_list_stays_one_value() -> None:
    table = b"\x01kA" + long_string(b"I\x00\x00\x00\x01I\x00\x00\x00\x02") + b"\x01kI\x00\x00\x00\x03"

    assert decode_properties(HEADERS_ONLY + long_string(table), 0).headers["k"] == [[1, 2], 3]
