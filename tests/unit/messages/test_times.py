"""When a command was sent only informs: a time is used, corrected or dropped, and never refuses the command."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from messages.envelope import decode
from tests.unit.messages.wire import DATA, bare, binary, create, faults, structured

SENT_AT = 1_795_253_400
DROPPED = ("time: names no moment with its offset, such as 2026-11-21T09:30:00Z, so it was dropped",)

UNDERSTOOD: list[object] = [
    "2026-11-21T09:30:00Z",
    "2026-11-21t09:30:00z",
    "2026-11-21 09:30:00+00:00",
    "2026-11-21T09:30:00.000+00:00",
    "2026-11-21T10:30:00+01:00",
    "2026-11-21T09:29:60Z",
    "2026-11-21T10:29:60+01:00",
    datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    SENT_AT,
    float(SENT_AT),
    Decimal(SENT_AT),
    SENT_AT * 1_000,
    SENT_AT * 1_000_000,
    SENT_AT * 1_000_000_000,
    SENT_AT * 1e3,
    str(SENT_AT),
    f"{SENT_AT}.0",
    str(SENT_AT * 1_000),
    str(SENT_AT * 1_000_000_000),
]
USELESS: list[object] = [
    "2026-11-21T09:30:00",
    "2026-11-21",
    "20261121",
    "202611210930",
    202611210930,
    "202611210930.0",
    Decimal(202611210930),
    "20261121093000",
    7_258_118_400,
    253_370_764_799,
    "yesterday",
    "",
    " ",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-21T24:00:00+25:00",
    True,
    [],
    {},
    b"2026-11-21T09:30:00Z",
    ["2026-11-21T09:30:00Z", "2026-11-22T09:30:00Z"],
    0,
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    1.5,
    float("nan"),
    float("inf"),
    Decimal("sNaN"),
    10**400,
    Decimal(10) ** 400,
    2**64 - 1,
    -(10**11),
    -(10**13),
    "0001-01-01T00:00:00+23:59",
    "9998-12-31T23:59:59-00:01",
    "9999-12-31T23:59:60Z",
    "9999-06-01T00:00:00Z",
    datetime(2026, 11, 21, 9, 30),  # noqa: DTZ001 - without an offset, as a naive one is
]


@pytest.mark.parametrize("time", UNDERSTOOD)
def test_a_moment_is_understood_in_every_spelling_and_unit(time: object) -> None:
    envelope = decode(binary(time=time))

    assert (envelope.time, envelope.dropped) == (SENT_AT, ())


@pytest.mark.parametrize("time", USELESS)
def test_what_names_no_moment_is_dropped_and_reported(time: object) -> None:
    envelope = decode(binary(time=time))

    assert (envelope.time, envelope.dropped) == (None, DROPPED)


@pytest.mark.parametrize("time", ["", "noon", 7.5, SENT_AT * 1_000, True, [], {"seconds": 7}, "2026-11-21T09:30:00"])
def test_no_time_of_an_envelope_in_the_body_refuses_it(time: object) -> None:
    assert faults(structured(time=time)) == ()


def test_a_number_without_an_end_in_the_body_is_dropped_too() -> None:
    message = structured(time=0)

    for number in (b"1" + b"0" * 400, b"1e999"):
        body = message.body.replace(b'"time": 0', b'"time": ' + number)
        assert decode(replace(message, body=body)).dropped == DROPPED


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_property_of_a_bare_message_may_count_in_a_finer_unit(factor: int) -> None:
    assert decode(replace(bare(), timestamp=SENT_AT * factor)).time == SENT_AT


@pytest.mark.parametrize("timestamp", [0, 7, 2**64 - 1, 2**63, 2**64 - SENT_AT])
def test_a_property_that_no_day_has_is_dropped(timestamp: int) -> None:
    envelope = decode(replace(bare(), timestamp=timestamp))

    assert (envelope.time, envelope.dropped) == (None, DROPPED)


def test_a_message_without_a_time_has_dropped_none() -> None:
    for message in (structured(time=None), binary(time=None), bare(time=None)):
        assert (decode(message).time, decode(message).dropped) == (None, ())


def test_a_billing_date_is_measured_from_a_corrected_time_and_from_no_dropped_one() -> None:
    data = {**DATA["CreateCustomer"], "billing_date": "2026-12-22"}
    expected = ("billing_date: must be from 2026-11-22 to 2026-12-20 for a command of 2026-11-21 (UTC)",)

    assert faults(structured(data, type="CreateCustomer", time=SENT_AT * 1_000)) == expected
    assert faults(structured(data, type="CreateCustomer", time="noon")) == ()
    assert faults(create(billing_date="2026-12-20")) == ()


def test_headers_with_two_times_are_no_fault() -> None:
    message = binary()
    headers = {**message.headers, "CE-Time": "2026-11-22T09:30:00Z"}

    assert decode(replace(message, headers=headers)).dropped == DROPPED
