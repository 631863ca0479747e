"""No spelling of a secret survives in what others wrote."""

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from worker.domain.scrub import MASK, scrubbed

AWKWARD = "Pa/ss+w o&r<d>'\"\\%é€😀~(!)"


def lower_hex(text: str) -> str:
    """Escape as the encoders do that write %2f; the letters stay as they are."""
    return "".join(part.lower() if len(part) == 3 else part for part in _split_escapes(text))


def _split_escapes(text: str) -> list[str]:
    parts, at = [], 0
    while at < len(text):
        width = 3 if text[at] == "%" else 1
        parts.append(text[at : at + width])
        at += width
    return parts


SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda secret: quote(secret, safe=""),
    "url, lower hex": lambda secret: lower_hex(quote(secret, safe="")),
    "url, as browsers do": lambda secret: quote(secret, safe="!'()*~"),
    "url, every byte": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "form": quote_plus,
    "form, lower hex": lambda secret: lower_hex(quote_plus(secret)),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json, not ascii": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json, upper hex": lambda secret: "".join(f"\\u{ord(c):04X}" if 127 < ord(c) < 65536 else c for c in secret),
    "json, as php does": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "html": html.escape,
    "html, quotes left": lambda secret: html.escape(secret, quote=False),
    "html, as php does": lambda secret: html.escape(secret).replace("&#x27;", "&#039;"),
    "xml": lambda secret: html.escape(secret, quote=False).replace("'", "&apos;").replace('"', "&quot;"),
    "xml, as latin-1": lambda secret: html.escape(secret).encode("latin-1", "xmlcharrefreplace").decode("latin-1"),
    "html, hex": lambda secret: "".join(f"&#X{ord(character):X};" for character in secret),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_masked_in_each_of_its_spellings(spell: Callable[[str], str]) -> None:
    assert scrubbed(f"password '{spell(AWKWARD)}' is too weak", [AWKWARD]) == f"password '{MASK}' is too weak"


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
@settings(deadline=None, max_examples=25)
@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40))
def test_no_spelling_of_a_random_secret_survives(spell: Callable[[str], str], secret: str) -> None:
    spelled = spell(secret)
    assume(spelled not in MASK)

    assert spelled not in scrubbed(f"<{spelled}> {spelled}", [secret])


def test_a_mixture_of_spellings_is_masked() -> None:
    assert scrubbed("it was p%61/s&#39;s\\u0077ord", ["pa/s'sword"]) == f"it was {MASK}"


def test_a_secret_within_a_longer_one_does_not_leave_the_rest() -> None:
    assert scrubbed("hunter2-and-more", ["hunter2", "hunter2-and-more"]) == MASK


def test_what_looks_like_a_pattern_is_taken_literally() -> None:
    assert scrubbed("a.c abc .* x", ["a.c", ".*"]) == f"{MASK} abc {MASK} x"


def test_an_empty_secret_masks_nothing() -> None:
    assert scrubbed("nothing secret here", [""]) == "nothing secret here"


def test_without_secrets_the_text_stays() -> None:
    assert scrubbed("nothing secret here", []) == "nothing secret here"
