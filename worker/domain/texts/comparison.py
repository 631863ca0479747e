"""Which texts are the same, though the provider gives one back in another spelling than it was sent in.

It must be expected to put addresses into lower case, to trim, to write `'` as `&#39;`, and to store another Unicode
form of the same text.
"""

import html
from unicodedata import normalize

#: What programs write for ' and " where they write entities; the first of them leave the ' alone.
_QUOTES = (
    ("'", "&quot;"),
    ("&#39;", "&quot;"),
    ("&#039;", "&quot;"),
    ("&#x27;", "&quot;"),
    ("&apos;", "&quot;"),
    ("&#39;", "&#34;"),
)


def same_text(one: str, other: str) -> bool:
    """Whether they differ in nothing but surrounding spaces, the Unicode form, and characters written as entities."""
    return one == other or _plain(one) == _plain(other)


def same_in_any_case(one: str, other: str) -> bool:
    """Whether they also are the same when they differ in upper and lower case."""
    return one == other or folded(one) == folded(other)


def folded(text: str) -> str:
    """The one spelling of all that are the same in any case."""
    return normalize("NFC", _plain(text).casefold())


def spellings(text: str) -> tuple[str, ...]:
    """The text, and then every other spelling that it may be stored in; only itself for what has no other.

    A search finds only what contains exactly what is asked for, and a provider may do several things to one text: so it
    is every mixture of case, Unicode form and entities, those without entities first. They are 24 at most, and one or
    two for nearly every name.
    """
    plain = html.unescape(text).strip()
    forms = [normalize(form, each) for each in (plain, plain.lower()) for form in ("NFC", "NFD")]
    escaped = [html.escape(form, quote=False) for form in forms]
    entities = [each.replace("'", single).replace('"', double) for single, double in _QUOTES for each in escaped]
    return tuple(dict.fromkeys([text, text.strip(), *forms, *entities]))


def is_altered(text: str) -> bool:
    """Whether something in it could not be read as it came, so that nobody knows which text the provider has."""
    return "\N{REPLACEMENT CHARACTER}" in text


def _plain(text: str) -> str:
    return text if text.isalnum() and text.isascii() else normalize("NFC", html.unescape(text)).strip()
