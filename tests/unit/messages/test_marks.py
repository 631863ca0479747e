"""Byte order marks, as .NET and PowerShell write them before a text; and bodies in UTF-16."""

import codecs
import json
from base64 import b64encode
from dataclasses import replace

import pytest

from messages.envelope import decode
from messages.errors import Invalid, Undecodable
from tests.unit.messages.wire import DATA, ENVELOPE, Build, bare, refused, structured

WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
REASON = "it is in UTF-16 or UTF-32; send it in UTF-8"


def in_base64(raw: bytes) -> bytes:
    """The body of an envelope with these bytes for its data."""
    return json.dumps({**ENVELOPE, "data_base64": b64encode(raw).decode()}).encode()


@pytest.mark.parametrize("marks", [1, 2])
def test_a_mark_before_a_body_is_no_part_of_it(build: Build, marks: int) -> None:
    message = build()

    assert decode(replace(message, body=codecs.BOM_UTF8 * marks + message.body)) == decode(message)


def test_a_mark_before_the_data_of_a_library_is_no_part_of_it() -> None:
    raw = codecs.BOM_UTF8 + json.dumps(DATA["DisableCustomer"]).encode()

    assert decode(replace(structured(), body=in_base64(raw))) == decode(structured())


def test_keys_behind_a_mark_are_looked_at_as_all_are() -> None:
    body = codecs.BOM_UTF8 + b'{"username": "ada@example.com", "username": "bob@example.com"}'

    assert refused(replace(bare(), body=body)).faults == (
        "username: is there more than once; no reader can tell which one is meant",
    )


@pytest.mark.parametrize("encoding", WIDE)
def test_a_body_in_utf_16_is_reported(build: Build, encoding: str) -> None:
    message = build()
    error = refused(replace(message, body=message.body.decode().encode(encoding)))

    assert isinstance(error, Undecodable)
    assert error.faults == (f"the body is not JSON in UTF-8: {REASON}",)


def test_a_mark_of_utf_16_is_known_in_both_orders() -> None:
    for mark, encoding in ((codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        assert REASON in str(refused(replace(bare(), body=mark + "{}".encode(encoding))))


@pytest.mark.parametrize("encoding", WIDE)
def test_data_of_a_library_in_utf_16_is_reported(encoding: str) -> None:
    error = refused(replace(structured(), body=in_base64(json.dumps(DATA["DisableCustomer"]).encode(encoding))))

    assert isinstance(error, Invalid)
    assert error.faults == (f"data_base64: must be the Base64 of JSON in UTF-8: {REASON}",)
    assert error.name is not None


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_mark_takes_no_hint_from_a_text_that_holds_json(mark: str) -> None:
    text = mark + json.dumps(DATA["DisableCustomer"])

    assert str(refused(structured(text))).endswith(", not a text that holds JSON")
    assert "a text that holds JSON" in str(refused(replace(bare(), body=json.dumps(text).encode())))


def test_a_mark_takes_no_hint_from_base64_of_json() -> None:
    body = codecs.BOM_UTF8 + b64encode(json.dumps(DATA["DisableCustomer"]).encode())

    assert str(refused(replace(bare(), body=body))).endswith("; it is the Base64 of JSON, so send the JSON itself")


@pytest.mark.parametrize("body", [codecs.BOM_UTF8, b"", b"\x00", b'{"a": "\x00"}'])
def test_what_is_neither_json_nor_utf_16_is_not_called_so(body: bytes) -> None:
    assert REASON not in str(refused(replace(bare(), body=body)))
