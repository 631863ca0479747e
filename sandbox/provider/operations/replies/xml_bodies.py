"""Replies as XML: real ISO-8859-1 bytes as the declaration says, every other character as a numeric reference."""

import re
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from sandbox.provider.operations.replies.sayings import Flat, Nested, Refused, Reply, Rows, SuccessReply, UserNotFound

_DECLARATION: Final = '<?xml version="1.0" encoding="ISO-8859-1"?>'
# What no XML document can hold, not even as a reference.
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A bare one would be read back as a line feed.
_REFERENCES: Final = {"\r": "&#13;"}


def write(reply: Reply) -> bytes:
    """The body; of the newer API's shapes and the throttle's no XML is known, and they are never asked for here."""
    return (_DECLARATION + _element(reply)).encode("iso-8859-1", "xmlcharrefreplace")


def _element(reply: Reply) -> str:
    match reply:
        case SuccessReply():
            return "<result><message>success</message></result>"
        case Rows(rows):
            return _users(rows)
        case Refused(errors):
            texts = "".join(f"<error>{_text(text)}</error>" for text in errors)
            return f"<result><message>error</message><errors>{texts}</errors></result>"
        case UserNotFound():
            return "<result><message>User not found</message></result>"
        case Nested(code, text) | Flat(code, text):
            tag = "error" if isinstance(reply, Nested) else "result"
            return f"<{tag}><code>{code:d}</code><message>{_text(text)}</message></{tag}>"
        case _:
            return ""


def _users(rows: tuple[Mapping[str, str], ...]) -> str:
    if not rows:
        return "<users/>"
    return f"<users>{''.join(f'<user>{_fields(row)}</user>' for row in rows)}</users>"


def _fields(row: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{_text(value)}</{name}>" for name, value in row.items())


def _text(value: str) -> str:
    return escape(_IMPOSSIBLE.sub("\ufffd", value), _REFERENCES)
