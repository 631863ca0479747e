"""Compares texts that may differ in spelling, and brings the spellings of a name together for the order of commands.

For order alone, what may be taken for one customer is one name: those that are folded into one by mistake only wait for
each other.
"""

import codecs
import html
import re
import unicodedata
from contextlib import suppress
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

#: No value of a command is as long. What a provider lists may be, and many marks on one character take Unicode's normal
#: forms the square of their number, within one call that nothing else of the process can interrupt.
_LONGEST_CHARACTERS = 2_048
#: What is left of the longest name: a lane is a key of an index, and a single character may become eighteen.
_MAX_CHARACTERS = 255
#: Shown as nothing at all (Unicode's Default_Ignorable_Code_Point), beyond the category Cf: joiners, fillers, variants.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
#: The i with and without its dot, which upper and lower case mix up between languages; the full stops of domain names.
_ALIKE = str.maketrans({"\u0131": "i", "\u0307": None, "\u3002": "."})
_IDN = "xn--"
#: Looked up at the start: a codec is a module, which would be loaded by the first such name.
_PUNYCODE = codecs.lookup("punycode")


def same_text(one: str, other: str) -> bool:
    """Whether they differ in nothing but surrounding spaces, the Unicode form, and characters written as entities.

    Texts of more than 2,048 characters are compared as they are.
    """
    return one == other or _plain(one) == _plain(other)


def same_in_any_case(one: str, other: str) -> bool:
    """Whether they also are the same when they differ in upper and lower case."""
    return one == other or folded(one) == folded(other)


def folded(text: str) -> str:
    """The one spelling of all that are the same in any case; what has more than 2,048 characters stays as it is."""
    return text if len(text) > _LONGEST_CHARACTERS else normalize("NFC", _plain(text).casefold())


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
    """Whether a part of the text could not be decoded, so that the provider's own text is unknown."""
    return "\N{REPLACEMENT CHARACTER}" in text


def _plain(text: str) -> str:
    if (text.isalnum() and text.isascii()) or len(text) > _LONGEST_CHARACTERS:
        return text
    return normalize("NFC", html.unescape(text)).strip()


def ordering_name(name: str) -> str:
    """The name without case, width, compatibility forms, entities, invisible characters, outer spaces; domains decoded.

    Whatever counts as one name when the provider's answers are read is one here too.
    """
    plain = folded(name[:_LONGEST_CHARACTERS])
    if plain.isascii() and _IDN not in plain:
        return plain
    return _cut(_unified("".join(_label(part) for part in re.split(r"([@.])", _unified(plain)))))


def _unified(text: str) -> str:
    # Folding case may undo the normal form, and the other way round.
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    visible = (character for character in text if unicodedata.category(character) not in {"Cf", "Cc"})
    # Decomposed, because the dot of an i may hide in a character with more than one mark.
    apart = unicodedata.normalize("NFKD", _IGNORABLE.sub("", "".join(visible))).translate(_ALIKE)
    return unicodedata.normalize("NFKC", apart).strip()


def _label(label: str) -> str:
    if label.startswith(_IDN):
        with suppress(UnicodeError):
            return _PUNYCODE.decode(label.removeprefix(_IDN).encode("ascii"))[0]
    return label


def _cut(text: str) -> str:
    # A label may decode to half of a surrogate pair, which no database takes.
    return text[:_MAX_CHARACTERS].encode(errors="replace").decode()
