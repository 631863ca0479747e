"""Replies as JSON: compact, and with slashes escaped as recorded from the provider."""

import json

from sandbox.provider.operations.replies.sayings import (
    Document,
    Flat,
    FlatHtml,
    Nested,
    Refused,
    Reply,
    Rows,
    SuccessReply,
    TooManyRequests,
    UserNotFound,
    V3Refused,
)


def write(reply: Reply) -> bytes:
    """The body."""
    match reply:
        case SuccessReply():
            return b'{"message":"success"}'
        case UserNotFound():
            return b'{"message":"User not found"}'
        case FlatHtml(text):
            return json.dumps({"error": text}).encode()
        case _:
            # No slash can stand outside a string.
            return json.dumps(_document(reply), separators=(",", ":")).replace("/", "\\/").encode()


def _document(reply: Rows | Document | Refused | Nested | Flat | V3Refused | TooManyRequests) -> object:
    match reply:
        case Rows(rows):
            return rows
        case Document(fields):
            return fields
        case Refused(errors):
            return {"message": "error", "errors": errors}
        case Nested(code, text) | Flat(code, text):
            error = {"code": code, "message": text}
            return {"error": error} if isinstance(reply, Nested) else error
        case V3Refused(_, text, field):
            return {"errors": [{"field": field, "message": text}]}
        case TooManyRequests():
            return {"errors": [{"field": None, "message": "too many requests"}]}
