"""Whatever arrives: it is a command, or one error says why not. Nothing else ever comes of reading it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from messages.catalog import CATALOG
from messages.envelope import decode
from messages.errors import Invalid, MessageError, Undecodable, UnknownType
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, FORMS, Build, bare, binary, refused, structured

LIMIT = 256 * 1024
ODD = [7, 1.75, True, None, b"bytes", Decimal("1.5"), datetime(2026, 1, 1, tzinfo=UTC), ["a"], {"a": "b"}]
NO_JSON = [
    b"",
    b"   ",
    b"{",
    b'{"a": 1,}',
    b"{'a': 1}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": "\xff\xfe"}',
    b"\xff\xfe{\x00}\x00",
    b'{"a": "\\ud800"}',
    b'{"a": "\x00"}',
    b"{}{}",
    b"[" * 100_000,
    b'{"a":' * 50_000,
]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_json_is_undecodable(build: Build, body: bytes) -> None:
    error = refused(replace(build(), body=body))

    assert isinstance(error, Undecodable)
    assert str(error).startswith("the body is not JSON in UTF-8: ")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true", b"[{}]"])
def test_json_that_is_no_object_is_undecodable(build: Build, body: bytes) -> None:
    error = refused(replace(build(), body=body))

    assert isinstance(error, Undecodable)
    assert error.faults == ("the body is JSON, but not an object",)


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_not(build: Build) -> None:
    full = build().body.ljust(LIMIT)

    assert decode(replace(build(), body=full)) == decode(build())
    assert refused(replace(build(), body=full + b" ")).faults == (
        "the body has 262145 bytes; at most 262144 are accepted",
    )


def test_a_body_of_300_kib_is_undecodable(build: Build) -> None:
    assert isinstance(refused(replace(build(), body=b"x" * 300 * 1024)), Undecodable)


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "correlationid"])
def test_headers_of_odd_types_and_sizes_break_their_own_rule_alone(attribute: str) -> None:
    message = binary()

    for value in (*[odd for odd in ODD if odd is not None], "x" * 125_000):
        error = refused(replace(message, headers={**message.headers, f"ce-{attribute}": value}))
        assert [fault.partition(":")[0] for fault in error.faults] == [attribute]


def test_headers_that_nobody_reads_may_be_anything(build: Build) -> None:
    message = build()

    for value in (*ODD, "x" * 125_000):
        assert decode(replace(message, headers={**message.headers, "x-odd": value})) == decode(message)


@pytest.mark.parametrize("value", [value for value in ODD if value is not None])
def test_the_subject_of_a_bare_message_must_be_text(value: object) -> None:
    assert refused(replace(bare(), headers={"subject": value})).faults == ("subject: must be text",)


@pytest.mark.parametrize("value", [None, "", "x" * 300, "evt\x001"])
def test_an_id_that_is_missing_or_cannot_be_used_is_invalid(build: Build, value: str | None) -> None:
    assert isinstance(refused(build(DATA["DisableCustomer"], id=value)), Invalid)


@pytest.mark.parametrize("type_", ["Unknown", "createcustomer", "CommandFailed", "CustomerCreated", "x" * 255])
def test_a_type_that_is_no_command_is_unknown(build: Build, type_: str) -> None:
    assert isinstance(refused(build(DATA["DisableCustomer"], type=type_)), UnknownType)


def test_an_unknown_field_and_a_username_of_65_characters_are_invalid(build: Build) -> None:
    error = refused(build({"username": "x" * 65, "plan": "gold"}))

    assert isinstance(error, Invalid)
    assert error.faults == ("username: must have at most 64 characters", "plan: is not a field of this command")


TEXTS = st.text(st.characters(codec=None), max_size=40) | st.sampled_from([*CATALOG, "1.0", "billing", "x" * 300])
NUMBERS = st.integers() | st.floats() | st.integers(min_value=10**300, max_value=10**310)
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS | st.binary(max_size=40) | st.datetimes()
HEADER_NAMES = st.sampled_from(
    [
        f"{prefix}{name}"
        for prefix in ("ce-", "cloudEvents:", "cloudEvents_", "")
        for name in ("id", "source", "type", "subject", "time", "specversion", "correlationid", "traceparent", "")
    ]
)
HEADERS = st.dictionaries(HEADER_NAMES | TEXTS, st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3)))
CONTENT_TYPES = st.sampled_from([None, "application/json", "application/cloudevents+json", "application/cloudevents"])


def only_message_errors(message: WireMessage) -> None:
    """Decode it; any exception but a MessageError fails the test."""
    with suppress(MessageError):
        decode(message)


@settings(deadline=None, max_examples=40)
@given(body=st.binary(max_size=200), headers=HEADERS, content_type=CONTENT_TYPES)
def test_arbitrary_bytes_and_headers_raise_nothing_else(
    body: bytes, headers: Mapping[str, object], content_type: str | None
) -> None:
    only_message_errors(WireMessage(body, content_type=content_type, headers=headers))


@settings(deadline=None, max_examples=40)
@given(properties=st.lists(st.none() | TEXTS, min_size=4, max_size=4), timestamp=st.none() | st.integers())
def test_arbitrary_properties_raise_nothing_else(properties: list[str | None], timestamp: int | None) -> None:
    type_, message_id, correlation_id, app_id = properties
    only_message_errors(
        WireMessage(
            bare().body,
            type=type_,
            message_id=message_id,
            correlation_id=correlation_id,
            app_id=app_id,
            timestamp=timestamp,
        )
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(
    type_=st.sampled_from(list(CATALOG)),
    changes=st.dictionaries(st.sampled_from(list(DATA["CreateCustomer"])), JSON),
    whole=st.none() | JSON,
    form=st.sampled_from(list(FORMS.values())),
)
@example(type_="CreateCustomer", changes={"billing_date": "2026-W10-1"}, whole=None, form=bare)
def test_arbitrary_data_raises_nothing_else(
    type_: str, changes: Mapping[str, object], whole: object, form: Build
) -> None:
    only_message_errors(form({**DATA[type_], **changes} if whole is None else whole, type=type_))


@settings(deadline=None, max_examples=40)
@given(
    attributes=st.dictionaries(
        st.sampled_from(["specversion", "id", "source", "type", "subject", "time", "traceparent"]), JSON
    )
)
def test_arbitrary_attributes_raise_nothing_else(attributes: Mapping[str, object]) -> None:
    only_message_errors(structured(DATA["DisableCustomer"], **attributes))
