"""What is said twice: no reader knows which one is meant, so it is refused, and never shown."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from messages.envelope import decode
from messages.errors import Invalid, MessageError, Undecodable
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, ENVELOPE, SECRET, Build, bare, binary, refused, structured


def twice(message: WireMessage, key: str, other: str = '"bob@example.com"') -> WireMessage:
    """The message with that key a second time, right behind its first place, as it is written in the body."""
    before, found, after = message.body.decode().partition(f'"{key}": ')
    assert found
    _, end = json.JSONDecoder().raw_decode(after)
    return replace(message, body=f'{before}{found}{after[:end]}, "{key}": {other}{after[end:]}'.encode())


def fault(key: str) -> str:
    return f"{key}: is there more than once; no reader can tell which one is meant"


def refused_as_invalid(message: WireMessage) -> MessageError:
    error = refused(message)
    assert isinstance(error, Invalid)
    return error


def test_a_customer_that_is_named_twice_is_refused_in_every_form(build: Build) -> None:
    error = refused_as_invalid(twice(build(), "username"))

    assert error.faults == (fault("username"),)
    assert error.name is not None
    assert (error.name.source, error.name.id, error.name.username) == ("billing", "evt_1001", None)


@pytest.mark.parametrize("attribute", ["id", "source", "subject", "type", "time", "data", "specversion", "yours"])
def test_no_part_of_an_envelope_may_be_there_twice(attribute: str) -> None:
    message = structured(yours="x")

    assert refused_as_invalid(twice(message, attribute, '{"username": "bob@example.com"}')).faults == (
        fault(attribute),
    )


def test_a_key_that_is_written_with_an_escape_is_the_same_key() -> None:
    message = structured()
    doubled = message.body[:-1] + b', "\\u0069d": "evt_2"}'

    assert refused_as_invalid(replace(message, body=doubled)).faults == (fault("id"),)


def test_the_same_value_twice_is_refused_too_and_names_its_command() -> None:
    error = refused_as_invalid(twice(structured(), "id", '"evt_1001"'))

    assert error.name is not None
    assert error.name.id == "evt_1001"


def test_a_third_value_that_equals_the_first_makes_nothing_certain() -> None:
    message = twice(twice(structured(), "id", '"evt_1001"'), "id", '"evt_2"')

    assert refused_as_invalid(message).name is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"username": "ada@example.com", "deep": {"key": 1, "key": 2}}',
        b'{"username": "ada@example.com", "list": [[{"key": 1, "key": 1}]]}',
        b'{"key": {"a": 1}, "key": {"a": 1}, "username": "ada@example.com"}',
    ],
)
def test_a_key_is_found_at_every_depth(body: bytes) -> None:
    assert refused_as_invalid(replace(bare(), body=body)).faults == (fault("key"),)


def test_neither_value_is_reported_and_the_key_only_as_far_as_it_can_be_printed() -> None:
    key = "p\u001b" + "w" * 100
    body = json.dumps({"a": 1, "b": SECRET}).replace('"a"', json.dumps(key)).replace('"b"', json.dumps(key))

    (only_fault,) = refused_as_invalid(replace(bare(), body=body.encode())).faults

    assert only_fault.startswith("p?www")
    assert SECRET not in only_fault
    assert len(only_fault) < 200


def test_a_hundred_doubled_keys_are_reported_in_twenty_sentences() -> None:
    pairs = ", ".join(f'"k{number}": 1, "k{number}": 2' for number in range(100))

    assert len(refused_as_invalid(replace(bare(), body=f"{{{pairs}}}".encode())).faults) == 20


@pytest.mark.parametrize("attribute", ["id", "source"])
def test_who_is_named_in_two_ways_is_not_answered_under_either(attribute: str) -> None:
    assert refused_as_invalid(twice(structured(), attribute)).name is None


@pytest.mark.parametrize("attribute", ["id", "source"])
def test_properties_that_name_the_command_get_it_answered(attribute: str) -> None:
    error = refused_as_invalid(replace(twice(structured(), attribute), message_id="evt_1001", app_id="billing"))

    assert error.name is not None
    assert (error.name.source, error.name.id) == ("billing", "evt_1001")


@pytest.mark.parametrize(
    ("attribute", "field", "other"),
    [("type", "type", '"other"'), ("subject", "subject", '"other"'), ("data", "username", '{"username": "bob"}')],
)
def test_what_else_is_named_in_two_ways_is_left_out_of_the_answer(attribute: str, field: str, other: str) -> None:
    name = refused_as_invalid(twice(structured(), attribute, other)).name

    assert name is not None
    assert getattr(name, field) is None


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "correlationid", "specversion"])
def test_a_header_that_the_table_has_twice_with_different_values_is_refused(attribute: str) -> None:
    message = binary()
    value = message.headers[f"ce-{attribute}"]
    headers = {**message.headers, f"ce-{attribute}": [value, "other"]}

    error = refused_as_invalid(replace(message, headers=headers))

    assert error.faults == (f"{attribute}: is in the headers more than once, with different values",)


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_", "CE-", "ce_"])
def test_two_spellings_of_a_header_must_agree(prefix: str) -> None:
    message = binary()
    agreeing = {**message.headers, f"{prefix}id": "evt_1001"}
    apart = dict(reversed({**message.headers, f"{prefix}id": "evt_2"}.items()))

    assert decode(replace(message, headers=agreeing)) == decode(message)
    error = refused_as_invalid(replace(message, headers=apart))
    assert error.faults == ("id: is in the headers more than once, with different values",)
    assert error.name is None


def test_the_exact_subject_of_a_bare_message_wins_over_its_other_spellings() -> None:
    headers = {"Subject": "cus_43", "subject": "cus_42", "SUBJECT": 5}

    assert decode(replace(bare(), headers=headers)).subject == "cus_42"
    assert decode(replace(bare(), headers=dict(reversed(headers.items())))).subject == "cus_42"


def test_another_spelling_of_the_subject_informs_when_there_is_no_exact_one() -> None:
    assert decode(replace(bare(), headers={"Subject": "cus_42"})).subject == "cus_42"
    assert decode(replace(bare(), headers={"Subject": "cus_42", "SUBJECT": "cus_42"})).subject == "cus_42"
    assert decode(replace(bare(), headers={"Subject": "cus_42", "subject": None})).subject is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": 5},
        {"Subject": ""},
        {"SUBJECT": "x" * 300},
        {"Subject": "cus\x00"},
        {"Subject": ["cus_42", "cus_43"]},
        {"Subject": "cus_42", "SUBJECT": "cus_43"},
    ],
)
def test_another_spelling_of_the_subject_that_cannot_be_used_refuses_nothing(headers: dict[str, object]) -> None:
    assert decode(replace(bare(), headers=headers)).subject is None


def test_the_exact_trace_context_wins_over_its_other_spellings(build: Build) -> None:
    trace = ENVELOPE["traceparent"]
    message = build(traceparent=None)
    headers = {**message.headers, "Traceparent": trace.replace("b7", "c8"), "traceparent": trace}

    assert decode(replace(message, headers=headers)).traceparent == trace


def test_an_exact_subject_with_two_values_is_refused() -> None:
    error = refused_as_invalid(replace(bare(), headers={"subject": ["cus_42", "cus_43"], "Subject": "cus_42"}))

    assert error.faults == ("subject: is in the headers more than once, with different values",)


@pytest.mark.parametrize("number", ["id", "source", "subject"])
def test_a_copy_in_the_headers_may_write_digits_as_a_number(number: str) -> None:
    message = structured(**{number: "5"})
    headers = {**binary(**{number: "5"}).headers, f"ce-{number}": 5}

    assert decode(replace(message, headers=headers)) == decode(message)


def test_two_spellings_of_a_header_may_write_digits_as_a_number() -> None:
    headers = {**binary(id="5").headers, "CE-Id": 5}

    assert decode(replace(binary(), headers=headers)).id == "5"
    assert decode(replace(binary(), headers=dict(reversed(headers.items())))).id == "5"


def test_two_headers_of_a_value_that_cannot_be_compared_are_no_fault_of_ours() -> None:
    headers = {**binary().headers, "ce-time": Decimal("sNaN"), "CE-Time": Decimal("sNaN")}

    assert decode(replace(binary(), headers=headers)).time is None


def test_a_header_without_a_value_counts_as_absent() -> None:
    assert decode(replace(binary(), headers={**binary().headers, "CE-Id": None})) == decode(binary())


@pytest.mark.parametrize("name", ["ce-source", "CE_Source", "cloudEvents:source", "ce-id", "ce-type", "ce-subject"])
def test_a_header_that_a_gateway_adds_to_an_envelope_is_no_copy_of_it(name: str) -> None:
    message = structured()

    assert decode(replace(message, headers={name: "gateway"})) == decode(message)
    assert decode(replace(message, headers={name: "gateway", "ce-specversion": "1.0"})) == decode(message)


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject"])
def test_an_envelope_and_headers_that_say_something_else_are_refused(attribute: str) -> None:
    message = replace(structured(), headers=binary(DATA["DisableCustomer"], **{attribute: "Other"}).headers)

    error = refused_as_invalid(message)

    assert error.faults == (f"{attribute}: is not the same in the envelope and in the headers",)
    assert error.name is not None
    assert error.name.id == "evt_1001"


@pytest.mark.parametrize("form", [structured, binary])
def test_another_command_in_the_property_is_refused(form: Build) -> None:
    error = refused_as_invalid(replace(form(), type="DeleteCustomer"))

    assert error.faults == ("type: is not the same in the envelope and in the property `type`",)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1" * 5_000])
def test_what_is_no_number_of_json_is_undecodable(number: bytes) -> None:
    assert isinstance(refused(replace(bare(), body=b'{"limit": %s}' % number)), Undecodable)


@pytest.mark.parametrize("number", [b"1e999", b"1" * 4_000])
def test_a_number_beyond_all_bounds_is_no_limit(number: bytes) -> None:
    message = bare({}, type="RetrieveCustomers")

    (only_fault,) = refused_as_invalid(replace(message, body=b'{"limit": %s}' % number)).faults

    assert only_fault.startswith("limit: ")


@pytest.mark.parametrize("depth", [190, 100_000])
def test_whatever_depth_a_body_has_it_is_one_refusal(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth

    assert isinstance(refused(replace(bare(), body=body[: 256 * 1024])), MessageError)
