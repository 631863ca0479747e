"""The careless provider: refusals that quote the secrets of the call they refuse. All such texts are made here."""

import json
from dataclasses import replace
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from sandbox.provider.operations.replies.sayings import Refusal, Refused, UserNotFound


def echoed(reply: Refusal, secrets: tuple[tuple[str, str], ...]) -> Refusal:
    """The refusal with every secret in every spelling; the bare "User not found" has no room for one."""
    quoted = tuple(f"you sent {name}={spelling}" for name, value in secrets if value for spelling in _spellings(value))
    match reply:
        case UserNotFound():
            return reply
        case Refused(errors):
            return replace(reply, errors=(*errors, *quoted))
        case _:
            return replace(reply, text="; ".join((reply.text, *quoted)))


def _spellings(value: str) -> tuple[str, ...]:
    """As it is, and as a log line, a URL, a JSON document or an XML document would have it; each once."""
    in_json = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    in_url = (quote(value, safe=""), quote_plus(value))
    in_xml = (escape(value), escape(value, {'"': "&quot;", "'": "&#39;"}))
    return tuple(dict.fromkeys((value, *in_url, *in_json, in_json[0].replace("/", "\\/"), *in_xml)))
