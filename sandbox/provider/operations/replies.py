"""What the provider can say, and how each saying looks as an HTTP answer in JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from sandbox.provider.settings import AuthError, ErrorStatus, Switches, UnknownUser


class AnswerKind(StrEnum):
    """The shape of an answer; `dropped` is a connection closed without one."""

    OK = "ok"
    ERR = "err"
    UNF = "unf"
    LIST = "list"
    NEST = "nest"
    FLAT = "flat"
    V3ERR = "v3err"
    HTML = "html"
    ERROR_500 = "error_500"
    TRUNCATED = "truncated"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Success:
    """The call's wish is now the state."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of customers; every value is a string."""

    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A list of everything that is wrong with the call."""

    errors: tuple[str, ...]
    status: HTTPStatus = HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class UserNotFound:
    """The bare object that enable and disable answer with: its message is not "error" and it has no list."""


@dataclass(frozen=True, slots=True)
class Nested:
    """An error object with a code and one text."""

    code: HTTPStatus
    text: str


@dataclass(frozen=True, slots=True)
class FlatHtml:
    """A 403 whose JSON body is a bare text under `error`, sent as HTML; recorded for wrong logins."""

    text: str


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """The throttle's answer; `reset` is the epoch second at which calls are let through again."""

    limit: int
    reset: int


Reply = Success | Rows | Refused | UserNotFound | Nested | FlatHtml | TooManyRequests


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP: nothing at all when the kind is `dropped`."""

    kind: AnswerKind
    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


NO_SUCH_CALL: Final = Nested(HTTPStatus.NOT_FOUND, "Not found")


def wrong_login(switches: Switches) -> Reply:
    """The answer to credentials that are not a reseller's."""
    match switches.auth_error:
        case AuthError.NEST401:
            return Nested(HTTPStatus.UNAUTHORIZED, "Permission denied, wrong credentials")
        case AuthError.ERRORS:
            return Refused(("Permission denied, wrong credentials",), HTTPStatus.UNAUTHORIZED)
        case AuthError.HTML403:
            return FlatHtml("Bad username / password")


def unknown_user(switches: Switches, documented: Reply) -> Reply:
    """The answer about a customer the reseller does not have: as the operation documents it, or nested by switch."""
    if switches.unknown_user is UnknownUser.NEST:
        return Nested(HTTPStatus.BAD_REQUEST, "User does not exist")
    return documented


def render(reply: Reply, switches: Switches) -> Answer:
    """The reply as an HTTP answer in JSON."""
    match reply:
        case Success():
            return Answer(AnswerKind.OK, body=b'{"message":"success"}')
        case Rows(rows):
            return Answer(AnswerKind.LIST, body=_json(rows))
        case TooManyRequests():
            return _render_throttle(reply)
        case _:
            return _render_error(reply, switches)


def _render_error(reply: Refused | UserNotFound | Nested | FlatHtml, switches: Switches) -> Answer:
    """One of the four shapes an error can have."""
    match reply:
        case Refused(errors, status):
            body = _json({"message": "error", "errors": errors})
            return Answer(AnswerKind.ERR, _status(status, switches), body)
        case UserNotFound():
            return Answer(AnswerKind.UNF, _status(HTTPStatus.NOT_FOUND, switches), b'{"message":"User not found"}')
        case Nested(code, text):
            # An unknown call was reported with its own HTTP status, whatever the status of other errors.
            http_status = code if code is HTTPStatus.NOT_FOUND else _status(code, switches)
            return Answer(AnswerKind.NEST, http_status, _json({"error": {"code": code, "message": text}}))
        case FlatHtml(text):
            return Answer(AnswerKind.FLAT, HTTPStatus.FORBIDDEN, json.dumps({"error": text}).encode(), "text/html")


def _render_throttle(reply: TooManyRequests) -> Answer:
    """The newer API's error shape, which the throttle uses on every edition."""
    headers = (
        ("X-RateLimit-Limit", str(reply.limit)),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", str(reply.reset)),
    )
    body = _json({"errors": [{"field": None, "message": "too many requests"}]})
    return Answer(AnswerKind.V3ERR, HTTPStatus.TOO_MANY_REQUESTS, body, headers=headers)


def _status(status: HTTPStatus, switches: Switches) -> int:
    """The HTTP status of an error body: 200 unless the switch says otherwise."""
    return status if switches.error_status is ErrorStatus.CLIENT_ERROR else HTTPStatus.OK


def _json(value: object) -> bytes:
    """Compact JSON with slashes escaped, as recorded from the provider; no slash can stand outside a string."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()
