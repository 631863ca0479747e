"""`data_base64`, as libraries write the data that they were given as bytes; and data that is a text."""

import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from dataclasses import replace

import pytest

from messages.envelope import decode
from messages.errors import Invalid, Undecodable
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, ENVELOPE, SECRET, bare, binary, faults, refused, structured

ALPHABET = "data_base64: must be Base64 with its padding and without line breaks, in the alphabet with + and /"
#: Its Base64 has both characters in which the two alphabets differ, and padding.
PLAIN = b'{"username": "ada@example.com", "password": ">>>???>>>???"}'


def encoded(value: object, **attributes: object) -> WireMessage:
    """The usual envelope with `data_base64` instead of `data`."""
    body = json.dumps({**ENVELOPE, "data_base64": value, **attributes}).encode()
    return WireMessage(body, content_type="application/cloudevents+json")


def base64_of(content: object) -> str:
    return b64encode(json.dumps(content).encode()).decode()


def test_bytes_of_a_library_are_the_data() -> None:
    assert decode(encoded(base64_of(DATA["DisableCustomer"]))) == decode(structured())


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json", "text/plain", None])
def test_what_the_data_is_called_decides_nothing(kind: str | None) -> None:
    message = encoded(base64_of(DATA["DisableCustomer"]), datacontenttype=kind)

    assert decode(message) == decode(structured())


def test_null_counts_as_absent_on_either_side() -> None:
    assert decode(encoded(base64_of(DATA["DisableCustomer"]), data=None)) == decode(structured())
    assert decode(encoded(None, data=DATA["DisableCustomer"])) == decode(structured())


def test_one_of_the_two_alone_may_be_there() -> None:
    error = refused(encoded(base64_of(DATA["DisableCustomer"]), data=DATA["DisableCustomer"]))

    assert error.faults == ("data_base64: must not be there beside data; send one of the two",)
    assert error.name is not None


@pytest.mark.parametrize(
    "value",
    [
        urlsafe_b64encode(PLAIN).decode(),
        b64encode(PLAIN).decode().rstrip("="),
        encodebytes(PLAIN * 3).decode(),
        b64encode(PLAIN).decode() + " ",
        "no base64",
        "\N{LATIN SMALL LETTER O WITH DIAERESIS}",
    ],
)
def test_what_is_no_base64_is_refused_with_the_rule(value: str) -> None:
    error = refused(encoded(value))

    assert isinstance(error, Invalid)
    assert error.faults == (ALPHABET,)


@pytest.mark.parametrize("value", [7, True, {}, ["eyJ9"]])
def test_what_is_no_text_is_reported(value: object) -> None:
    assert faults(encoded(value)) == ("data_base64: must be text",)


@pytest.mark.parametrize("raw", [b"", b"<xml/>", b"\xff\xfe", f"password={SECRET}".encode(), b'{"username": NaN}'])
def test_base64_of_anything_but_json_is_refused_and_not_shown(raw: bytes) -> None:
    error = refused(encoded(b64encode(raw).decode()))

    assert isinstance(error, Invalid)
    assert str(error).startswith("data_base64: must be the Base64 of JSON in UTF-8: ")
    assert SECRET not in str(error)


@pytest.mark.parametrize("content", [[], 7, None, "text"])
def test_base64_of_json_that_is_no_object_is_reported(content: object) -> None:
    reason = faults(encoded(base64_of(content)))

    assert reason == ("data_base64: the JSON in it must be an object with the command's fields",)


def test_a_key_that_is_there_twice_inside_is_refused_too() -> None:
    raw = b'{"username": "ada@example.com", "username": "bob@example.com"}'
    error = refused(encoded(b64encode(raw).decode()))

    assert error.faults == ("username: is there more than once; no reader can tell which one is meant",)
    assert error.name is not None
    assert error.name.username is None


def test_an_empty_object_is_data() -> None:
    assert decode(encoded("e30=", type="RetrieveCustomers")) == decode(structured({}, type="RetrieveCustomers"))


def test_a_customer_inside_is_named_in_the_answer() -> None:
    name = refused(encoded(base64_of({"username": "ada@example.com", "plan": "gold"}))).name

    assert name is not None
    assert name.username == "ada@example.com"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (json.dumps(DATA["DisableCustomer"]), ", not a text that holds JSON"),
        ("ada@example.com", ""),
        ("[]", ""),
        ("[" * 5_000, ""),
        (7, ""),
    ],
)
def test_data_that_is_a_text_of_json_gets_a_fault_that_says_so(data: object, reason: str) -> None:
    assert faults(structured(data)) == (f"data: must be an object with the command's fields{reason}",)


@pytest.mark.parametrize("form", [binary, bare])
def test_a_body_in_base64_gets_a_fault_that_says_so(form: object) -> None:
    assert callable(form)
    error = refused(replace(form(), body=base64_of(DATA["DisableCustomer"]).encode()))

    assert isinstance(error, Undecodable)
    assert str(error).endswith("; it is the Base64 of JSON, so send the JSON itself")


@pytest.mark.parametrize("form", [binary, bare])
def test_a_body_that_is_a_text_of_json_gets_a_fault_that_says_so(form: object) -> None:
    assert callable(form)
    error = refused(replace(form(), body=json.dumps(json.dumps(DATA["DisableCustomer"])).encode()))

    assert error.faults == ("the body is JSON, but a text that holds JSON: send the object itself",)
