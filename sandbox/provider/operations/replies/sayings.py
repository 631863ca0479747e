"""What the provider can say, before it is written in any format."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sandbox.provider.settings import AuthError, Switches, UnknownUser


@dataclass(frozen=True, slots=True)
class SuccessReply:
    """The call's wish is now the state."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of customers; every value is a string."""

    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """An object of the newer API: what was asked for, or what is now the state (`is_read` says which)."""

    fields: Mapping[str, str | int]
    is_read: bool = True


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
class Flat:
    """The same without the object around them, as was once documented of the two website calls."""

    code: HTTPStatus
    text: str


@dataclass(frozen=True, slots=True)
class FlatHtml:
    """A 403 whose JSON body is a bare text under `error`, sent as HTML; recorded for wrong logins."""

    text: str


@dataclass(frozen=True, slots=True)
class V3Refused:
    """An error of the newer API, and the field it is about, if it is about one. Its HTTP status is always honest."""

    status: HTTPStatus
    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """The throttle's answer; `reset` is the epoch second at which calls are let through again."""

    limit: int
    reset: int


Refusal = Refused | UserNotFound | Nested | Flat | FlatHtml | V3Refused
Reply = SuccessReply | Rows | Document | Refusal | TooManyRequests

_NO_SUCH_USER: Final = "User does not exist"


def wrong_login(switches: Switches, *, is_v3: bool = False) -> Reply:
    """The answer to credentials that are not a reseller's; the newer API knows one way to say it."""
    if is_v3:
        return V3Refused(HTTPStatus.UNAUTHORIZED, "authorization required")
    match switches.auth_error:
        case AuthError.NEST401:
            return Nested(HTTPStatus.UNAUTHORIZED, "Permission denied, wrong credentials")
        case AuthError.ERRORS:
            return Refused(("Permission denied, wrong credentials",), HTTPStatus.UNAUTHORIZED)
        case AuthError.HTML403:
            return FlatHtml("Bad username / password")


def no_such_call(*, is_v3: bool) -> Reply:
    """The answer to a call that names no operation."""
    return V3Refused(HTTPStatus.NOT_FOUND, "not found") if is_v3 else Nested(HTTPStatus.NOT_FOUND, "Not found")


def unknown_user(switches: Switches, documented: Reply) -> Reply:
    """The answer about a customer the reseller does not have: as the operation documents it, or otherwise by switch."""
    match switches.unknown_user:
        case UnknownUser.NEST:
            return Nested(HTTPStatus.BAD_REQUEST, _NO_SUCH_USER)
        case UnknownUser.FLAT:
            return Flat(HTTPStatus.BAD_REQUEST, _NO_SUCH_USER)
        case _:
            return documented


def no_such_customer(switches: Switches) -> Reply:
    """The same for the operations that document a list of errors."""
    return unknown_user(switches, Refused((_NO_SUCH_USER,)))
