"""Takes secrets out of texts that others wrote, in every spelling in which they may echo one."""

import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "**********"


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret masked: raw, URL-encoded, JSON-escaped and XML-escaped; longest spellings first."""
    for spelling in sorted(_spellings(secrets), key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


def _spellings(secrets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for secret in secrets:
        escaped = json.dumps(secret)[1:-1]
        found |= {
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            quote(secret, safe="").lower(),
            escaped,
            escaped.replace("/", "\\/"),
            json.dumps(secret, ensure_ascii=False)[1:-1],
            html.escape(secret),
            html.escape(secret, quote=False),
        }
    return found - {""}
