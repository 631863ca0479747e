"""What the provider can say, and how each saying looks over HTTP: in JSON, in XML, and in the newer API."""

from sandbox.provider.operations.replies.answers import Answer, AnswerKind, Manner, compressed, limit_headers, render
from sandbox.provider.operations.replies.sayings import (
    Document,
    Flat,
    FlatHtml,
    Nested,
    Refused,
    Reply,
    Rows,
    Success,
    TooManyRequests,
    UserNotFound,
    V3Refused,
    no_such_call,
    no_such_customer,
    unknown_user,
    wrong_login,
)

__all__ = [
    "Answer",
    "AnswerKind",
    "Document",
    "Flat",
    "FlatHtml",
    "Manner",
    "Nested",
    "Refused",
    "Reply",
    "Rows",
    "Success",
    "TooManyRequests",
    "UserNotFound",
    "V3Refused",
    "compressed",
    "limit_headers",
    "no_such_call",
    "no_such_customer",
    "render",
    "unknown_user",
    "wrong_login",
]
