"""What the schemas refuse the worker refuses, and the other way round: field by field, value by value."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from messages.catalog import CATALOG
from messages.forms import WireMessage
from tests.support.published import DOCUMENTS
from tests.unit.messages.wire import faults

Data = dict[str, Any]

SCHEMAS = {
    name.removeprefix("commands/").removesuffix(".json"): jsonschema.Draft202012Validator(schema)
    for name, schema in DOCUMENTS.items()
    if name.startswith("commands/")
}
SIZES = [5, 6, 50, 51, 64, 65, 100, 101, 255, 256, 1000, 1001]
TEXTS = [
    *("", "x", "ab", "abc", *("x" * size for size in SIZES), "ä" * 64, "\N{GRINNING FACE}" * 65),
    *("12345", "12a", "١٢٣", "a\x00bc", "abc\n", "abc\x7f", " abc", "abc ", "zoë@example.com"),
    *("a@b.de", "a@b", "a@b..de", "a@b@c.de", "a b@c.de", "a@b.de\n", "x" * 58 + "@b.test"),
    *("x@SendGrid.com", "x@mail.sendgrid.com.org", "sendgrid.com@x.org", "sendgrid.com", "x@sendgrid.com\n"),
    *("account-id 4711", "account-id", "account-id  4711", "account-id 47 11", "account-id=1"),
    *("2026-12-01", "2026-13-01", "2026-12-32", "2026-12-01\n", "20261201", "2026-W10-1", "true"),
]
LISTS: list[Any] = [
    *([], ["192.0.2.1"], ["192.0.2.256"], ["192.0.2"], ["192.0.2.01"], ["192.0.2.1\n"], ["2001:db8::1"], ["::"]),
    *(["::ffff:192.0.2.1"], ["fe80::1%eth0"], ["x::y"], [7], [None], ["x" * 255], ["x" * 256], [""]),
    *(["192.0.2.1"] * 100, ["192.0.2.1"] * 101),
]
NUMBERS = [0, 1, -1, 500, 501, 10_000_000, 10_000_001, 1.5]
VALUES = [*TEXTS, *LISTS, *NUMBERS, True, False, None, {}, {"a": 1}]


def refused_by_the_worker(type_: str, data: object) -> bool:
    try:
        CATALOG[type_].model.model_validate(data)
    except ValidationError:
        return True
    return False


def refused_by_the_schema(type_: str, data: object) -> bool:
    return not SCHEMAS[f"{type_}.data"].is_valid(data)


def spoiled(type_: str) -> Iterator[Data]:
    """The command's fullest example, one place changed at a time."""
    full, seen = dict(CATALOG[type_].model.examples[-1]), set()
    for name, field in CATALOG[type_].model.model_fields.items():
        yield {key: value for key, value in full.items() if key != name}
        yield {name: full[name]} if name in full else {}
        # Fields of one type have one schema: the values are tried on the first of them, which is what takes time.
        yield from ({**full, name: value} for value in (VALUES if repr(field) not in seen else ["", None, 7]))
        seen.add(repr(field))
    yield {**full, "confirm_password": "x"}
    yield {}


@pytest.mark.parametrize("type_", CATALOG)
def test_schema_and_worker_refuse_the_same(type_: str) -> None:
    apart = [
        data for data in spoiled(type_) if refused_by_the_worker(type_, data) != refused_by_the_schema(type_, data)
    ]

    assert apart == []


@pytest.mark.parametrize("type_", ["UpdateProfile", "UpdateUserProfile"])
def test_both_want_something_to_change(type_: str) -> None:
    whose, *fields = CATALOG[type_].model.model_fields
    for changes in ({}, dict.fromkeys(fields), {**dict.fromkeys(fields), fields[-1]: "x"}):
        data = {whose: "ada@example.com", **changes}

        assert refused_by_the_worker(type_, data) == refused_by_the_schema(type_, data) == ("x" not in changes.values())


@pytest.mark.parametrize("data", ["text", 7, None, []])
def test_data_that_is_no_object_is_refused_by_both(data: object) -> None:
    for type_ in CATALOG:
        assert refused_by_the_worker(type_, data)
        assert refused_by_the_schema(type_, data)


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=70) | st.from_regex(r"[a-z@. ]{3,20}") | st.from_regex(r"\A[\w.@ -]{2,9}@[\w.@-]{2,9}\Z"))
@example("x@\N{LATIN SMALL LETTER LONG S}endgrid.com")
@example("x@SENDGRID.COM")
@example("a\u2028@b.de")
def test_they_agree_about_any_text_as_a_name_an_address_or_a_user(text: str) -> None:
    for type_, data in (
        ("ChangeUsername", {"username": "another", "new_username": text}),
        ("ChangeEmail", {"username": "another", "email": text}),
        ("UpdateUserProfile", {"on_behalf_of": text, "city": "Paris"}),
    ):
        assert refused_by_the_worker(type_, data) == refused_by_the_schema(type_, data), type_


#: What the worker alone refuses, with the place where the schema says so.
WEAKER: list[tuple[str, Data, tuple[str, ...], str]] = [
    ("CreateCustomer", {"billing_date": "2026-02-30"}, ("properties", "billing_date"), "The worker checks"),
    ("CreateCustomer", {"ip": [":::"]}, ("properties", "ip", "anyOf", "0", "items"), "The worker reads it"),
    ("ChangeUsername", {"new_username": "ADA@EXAMPLE.COM"}, (), "the worker checks it, no schema can"),
    ("RetrieveCustomers", {"limit": 10.0}, ("properties", "limit"), "without a fraction"),
]


@pytest.mark.parametrize(("type_", "change", "place", "words"), WEAKER, ids=lambda value: str(value)[:30])
def test_where_the_schema_is_weaker_it_says_so(type_: str, change: Data, place: tuple[str, ...], words: str) -> None:
    data = {**CATALOG[type_].model.examples[-1], **change}
    found: Any = SCHEMAS[f"{type_}.data"].schema
    for step in place:
        found = found[int(step) if step.isdigit() else step]

    assert refused_by_the_worker(type_, data)
    assert not refused_by_the_schema(type_, data)
    assert words in found["description"]


ENVELOPE: Data = {"specversion": "1.0", "type": "DisableCustomer", "source": "billing", "id": "evt_1"}
KEYS = ("id", "source", "subject", "correlationid")
VALUES_OF: list[tuple[tuple[str, ...], list[object]]] = [
    (KEYS, ["", "x" * 255, "x" * 256, "a\nb", "a\x85b", 7, None]),
    (("specversion",), ["0.3", 1.0, None]),
    (("type",), ["disablecustomer", "", 7, None]),
    (("time",), ["2026-11-21T09:30:00Z", "2026-11-21T09:30:00.1234567-02:30", None]),
    (("data",), [None, [], "x", {}, {"username": "abc", "extra": 1}]),
    (("data_base64",), [None, "", "e30=", 7]),
    (("yours",), ["x", 7]),
    ((*ENVELOPE, "data"), [...]),
]
ATTRIBUTES = [(name, value) for names, values in VALUES_OF for name in names for value in values]


@pytest.mark.parametrize(("name", "value"), ATTRIBUTES)
def test_they_agree_about_the_envelope(name: str, value: object) -> None:
    whole = {**ENVELOPE, "data": {"username": "abc"}, name: value}
    envelope = {key: value for key, value in whole.items() if value is not ...}
    faults_or_text = faults(WireMessage(json.dumps(envelope).encode(), content_type="application/cloudevents+json"))

    assert SCHEMAS["DisableCustomer"].is_valid(envelope) == (faults_or_text == ())


TIMES: list[object] = [
    *("", "noon", True, 1.5, "2026-11-21", "2026-11-21T09:30:00", "2026-11-21T24:00:00Z", "2026-11-21T09:30:60Z"),
    *("0000-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-13-21T09:30:00Z", "2026-11-21T09:30:00Z\n"),
]


@pytest.mark.parametrize("time", TIMES)
def test_a_time_is_checked_by_the_schema_alone_and_the_schema_says_so(time: object) -> None:
    envelope = {**ENVELOPE, "data": {"username": "abc"}, "time": time}

    assert not SCHEMAS["DisableCustomer"].is_valid(envelope)
    assert faults(WireMessage(json.dumps(envelope).encode())) == ()
    faults_or_text = SCHEMAS["DisableCustomer"].schema["properties"]["time"]["description"]
    assert "The worker refuses no command for its time" in faults_or_text


def test_bytes_are_counted_by_the_worker_alone_and_the_schema_says_so() -> None:
    envelope = {**ENVELOPE, "data": {"username": "abc"}, "id": "ä" * 128}

    assert SCHEMAS["DisableCustomer"].is_valid(envelope)
    assert faults(WireMessage(json.dumps(envelope).encode())) == ("id: must have 1 to 255 bytes, not 256",)
    assert (
        "bytes of UTF-8, which the worker counts"
        in SCHEMAS["DisableCustomer"].schema["properties"]["id"]["description"]
    )
