"""The shapes of a wrong answer, and their bodies in JSON and XML."""

import json
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field


class ErrorShape(StrEnum):
    """The ways in which the provider is known to have written an error.

    `err`: message "error" and a list of texts. `unf`: the bare "User not found". `nest`: an object with code and text
    under `error`. `flat_code`: code and text without that object. `flat_text`: a bare text under `error`, labelled as
    HTML. `v3err`: the newer API's list of objects.
    """

    ERR = "err"
    UNF = "unf"
    NEST = "nest"
    FLAT_CODE = "flat_code"
    FLAT_TEXT = "flat_text"
    V3ERR = "v3err"


class Garble(StrEnum):
    """Well-formed bodies that are no answer of the provider's. For a search, `empty_list` is one: nobody was found."""

    NEAR_SUCCESS = "near_success"
    TEXT = "text"
    EMPTY_LIST = "empty_list"
    EMPTY_OBJECT = "empty_object"
    NULL = "null"
    CONTRADICTION = "contradiction"
    NAMELESS_ROW = "nameless_row"
    NUMBER = "number"


class ThrottleHeaders(BaseModel):
    """The headers of a 429, each only when it is asked for; none at all is what a plain proxy sends.

    `retry_after_seconds` is said as a number, or `as_date` as an HTTP date; `reset_seconds` is how far ahead the reset
    of the provider's three headers lies. `odd_case` writes the names as no document does. `verbatim` are further names
    and values as they are, for a value that makes no sense.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    retry_after_seconds: float | None = Field(default=None, ge=0)
    as_date: bool = False
    reset_seconds: float | None = Field(default=None, ge=0)
    odd_case: bool = False
    verbatim: tuple[tuple[str, str], ...] = ()


XML_DECLARATION: Final = b'<?xml version="1.0" encoding="ISO-8859-1"?>'

# Each in JSON and in XML.
_GARBLED: Final = MappingProxyType(
    {
        Garble.NEAR_SUCCESS: ('{"message":"Success!"}', "<result><message>Success!</message></result>"),
        Garble.TEXT: ('"success"', "<result>success</result>"),
        Garble.EMPTY_LIST: ("[]", "<users/>"),
        Garble.EMPTY_OBJECT: ("{}", "<result/>"),
        Garble.NULL: ("null", "<nothing/>"),
        Garble.CONTRADICTION: (
            '{"message":"success","errors":["it did not work"]}',
            "<result><message>success</message><errors><error>it did not work</error></errors></result>",
        ),
        Garble.NAMELESS_ROW: (
            '[{"email":"row@example.com"}]',
            "<users><user><email>row@example.com</email></user></users>",
        ),
        Garble.NUMBER: ('{"message":1}', "<result><message>1</message></result>"),
    }
)


def garbled_body(garble: Garble, *, is_xml: bool) -> bytes:
    """The body of that shape."""
    as_json, as_xml = _GARBLED[garble]
    return XML_DECLARATION + as_xml.encode() if is_xml else as_json.encode()


def error_body(shape: ErrorShape, code: int, text: str, *, is_xml: bool) -> bytes:
    """An error of that shape; `code` and `text` appear where the shape has room for them."""
    if is_xml:
        # Characters outside the declared encoding become references, as XML has it.
        return XML_DECLARATION + _error_xml(shape, code, escape(text)).encode("iso-8859-1", "xmlcharrefreplace")
    return json.dumps(_error_document(shape, code, text), separators=(",", ":")).encode()


def _error_document(shape: ErrorShape, code: int, text: str) -> object:
    match shape:
        case ErrorShape.ERR:
            return {"message": "error", "errors": [text]}
        case ErrorShape.UNF:
            return {"message": "User not found"}
        case ErrorShape.NEST:
            return {"error": {"code": code, "message": text}}
        case ErrorShape.FLAT_CODE:
            return {"code": code, "message": text}
        case ErrorShape.FLAT_TEXT:
            return {"error": text}
        case ErrorShape.V3ERR:
            return {"errors": [{"field": None, "message": text}]}


def _error_xml(shape: ErrorShape, code: int, text: str) -> str:
    match shape:
        case ErrorShape.ERR:
            return f"<result><message>error</message><errors><error>{text}</error></errors></result>"
        case ErrorShape.UNF:
            return "<result><message>User not found</message></result>"
        case ErrorShape.NEST:
            return f"<error><code>{code}</code><message>{text}</message></error>"
        case ErrorShape.FLAT_CODE:
            return f"<result><code>{code}</code><message>{text}</message></result>"
        case ErrorShape.FLAT_TEXT:
            return f"<error>{text}</error>"
        case ErrorShape.V3ERR:
            return f"<errors><error><field/><message>{text}</message></error></errors>"
