"""Replies as HTTP answers: status, media type, body."""

import gzip
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from sandbox.provider.operations.calls import Edition, Format
from sandbox.provider.operations.replies import json_bodies, xml_bodies
from sandbox.provider.operations.replies.echoes import echoed
from sandbox.provider.operations.replies.sayings import (
    Document,
    Flat,
    FlatHtml,
    Nested,
    Refusal,
    Refused,
    Reply,
    Rows,
    SuccessReply,
    TooManyRequests,
    UserNotFound,
    V3Refused,
)
from sandbox.provider.settings import ErrorStatus, MediaType, Switches

_JSON: Final = "application/json"
_XML: Final = "application/xml"
_HTML: Final = "text/html"


class AnswerKind(StrEnum):
    """The shape of an answer; `dropped` is a connection closed without one."""

    OK = "ok"
    ERR = "err"
    UNF = "unf"
    LIST = "list"
    NEST = "nest"
    FLAT = "flat"
    V3OK = "v3ok"
    V3ERR = "v3err"
    HTML = "html"
    ERROR_500 = "error_500"
    EMPTY = "empty"
    GARBLED = "garbled"
    REDIRECT = "redirect"
    HUGE = "huge"
    TRUNCATED = "truncated"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What goes back over HTTP: nothing at all when the kind is `dropped`."""

    kind: AnswerKind
    status: int = 200
    body: bytes = b""
    media_type: str = _JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How one call is answered: the readings in force, its edition and its format.

    `secrets` are those the call carried, by argument, for a provider that quotes them.
    """

    switches: Switches
    edition: Edition = Edition.RESELLER
    format: Format = Format.JSON
    secrets: tuple[tuple[str, str], ...] = ()


def render(reply: Reply, manner: Manner) -> ProviderAnswer:
    """The reply as an HTTP answer in the manner of the call; of the newer API's shapes there is JSON alone."""
    match reply:
        case SuccessReply():
            return ProviderAnswer(AnswerKind.OK, 200, _write(reply, manner), _media_type(manner))
        case Rows():
            return ProviderAnswer(AnswerKind.LIST, 200, _write(reply, manner), _media_type(manner))
        case Document():
            return ProviderAnswer(AnswerKind.V3OK, 200, json_bodies.write(reply))
        case TooManyRequests():
            return _render_throttle(reply)
        case _:
            return _render_error(echoed(reply, manner.secrets) if manner.switches.echo else reply, manner)


def _render_error(reply: Refusal, manner: Manner) -> ProviderAnswer:
    """One of the six shapes an error can have."""
    switches, body, media_type = manner.switches, _write(reply, manner), _media_type(manner)
    match reply:
        case Refused(_, status):
            return ProviderAnswer(AnswerKind.ERR, _status(status, switches), body, media_type)
        case UserNotFound():
            return ProviderAnswer(AnswerKind.UNF, _status(HTTPStatus.NOT_FOUND, switches), body, media_type)
        case Nested(code, _):
            # An unknown call was reported with its own HTTP status, whatever the status of other errors.
            http_status = code if code is HTTPStatus.NOT_FOUND else _status(code, switches)
            return ProviderAnswer(AnswerKind.NEST, http_status, body, media_type)
        case Flat(code, _):
            return ProviderAnswer(AnswerKind.FLAT, _status(code, switches), body, media_type)
        case FlatHtml():
            return ProviderAnswer(AnswerKind.FLAT, HTTPStatus.FORBIDDEN, json_bodies.write(reply), _HTML)
        case V3Refused(status):
            return ProviderAnswer(AnswerKind.V3ERR, status, json_bodies.write(reply))


def _render_throttle(reply: TooManyRequests) -> ProviderAnswer:
    """The newer API's error shape, which the throttle uses on every edition and in either format."""
    headers = limit_headers(reply.limit, 0, reply.reset)
    return ProviderAnswer(AnswerKind.V3ERR, HTTPStatus.TOO_MANY_REQUESTS, json_bodies.write(reply), headers=headers)


def limit_headers(limit: int, remaining: int, reset: int) -> tuple[tuple[str, str], ...]:
    """The three headers of the rate limit; `reset` in epoch seconds."""
    return (
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Remaining", str(remaining)),
        ("X-RateLimit-Reset", str(reset)),
    )


def compressed(answer: ProviderAnswer) -> ProviderAnswer:
    """The answer as it goes to a client that accepts gzip."""
    headers = (*answer.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return replace(answer, body=gzip.compress(answer.body), headers=headers)


def _write(reply: Reply, manner: Manner) -> bytes:
    return xml_bodies.write(reply) if manner.format is Format.XML else json_bodies.write(reply)


def _media_type(manner: Manner) -> str:
    if manner.switches.media_type is MediaType.HTML:
        return _HTML
    return _XML if manner.format is Format.XML else _JSON


def _status(status: HTTPStatus, switches: Switches) -> int:
    """The HTTP status of an error body: 200 unless the switch says otherwise."""
    return status if switches.error_status is ErrorStatus.CLIENT_ERROR else HTTPStatus.OK
