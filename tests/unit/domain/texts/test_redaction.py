"""No spelling of a secret survives in what others wrote."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from unicodedata import normalize
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from worker.domain.texts import redaction
from worker.domain.texts.redaction import MASK, MOST_SECRETS, scrubbed, secrets_in, without_secrets_of

AWKWARD = "Pa/ss+w o&r<d>'\"\\%é€😀~(!)"


def lower_hex(text: str) -> str:
    """Escape as the encoders do that write %2f; the characters of a word stay as they are."""
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
@settings(deadline=None, max_examples=50)
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


PLAIN = "Zoë-Hunter2/2 &x?"
CHANGED: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "upper case, url": lambda secret: quote(secret.upper(), safe=""),
    "upper case, html": lambda secret: html.escape(secret.upper()),
    "spaces between": " ".join,
    "hyphens between": "-".join,
    "spaces between, form": lambda secret: quote_plus(" ".join(secret)),
    "groups of three": lambda secret: " - ".join(secret[at : at + 3] for at in range(0, len(secret), 3)),
    "hyphens and spaces left out": lambda secret: secret.replace("-", "").replace(" ", ""),
    "zero width between": "\u200b".join,
    "accents apart": lambda secret: normalize("NFD", secret),
    "wide letters": lambda secret: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in secret),
    "url, twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "html, twice": lambda secret: html.escape(html.escape(secret)),
    "url, then html": lambda secret: html.escape(quote(secret, safe="&")),
    "json, twice": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "python bytes": lambda secret: str(secret.encode())[2:-1],
    "hex": lambda secret: secret.encode().hex(),
    "hex, upper case": lambda secret: secret.encode().hex().upper(),
    "hex, spaces": lambda secret: secret.encode().hex(" "),
    "hex, colons": lambda secret: secret.encode().hex(":"),
    "hex, as numbers": lambda secret: " ".join(f"0x{byte:02X}" for byte in secret.encode()),
    "hex, latin-1": lambda secret: secret.encode("latin-1").hex(),
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "base64, without its padding": lambda secret: b64encode(secret.encode()).decode().rstrip("="),
    "base64, for urls": lambda secret: urlsafe_b64encode(secret.encode()).decode(),
    "base64, in a url": lambda secret: quote_plus(b64encode(secret.encode()).decode()),
    "base64, latin-1": lambda secret: b64encode(secret.encode("latin-1")).decode(),
    "base64, in lines": lambda secret: b64encode(secret.encode()).decode().replace("a", "a\r\n"),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_a_secret_is_masked_though_it_was_changed(change: Callable[[str], str]) -> None:
    assert scrubbed(f"password '{change(PLAIN)}' is too weak", [PLAIN]) == f"password '{MASK}' is too weak"


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
@settings(deadline=None, max_examples=25)
@example(parts=("999", '\\"\\\\', "999"))
@given(parts=st.tuples(st.text("aZ9é", min_size=3), st.text("/+?<>&%\\\"'é_-. "), st.text("aZ9é", min_size=3)))
def test_no_changed_random_secret_survives(change: Callable[[str], str], parts: tuple[str, ...]) -> None:
    secret = "".join(parts)
    changed = change(secret)

    assert changed not in scrubbed(f"<{changed}> {changed}", [secret])


@pytest.mark.parametrize("login", ["u", "us", "use", "user", "reseller@example.com"])
@pytest.mark.parametrize("behind", ["", "!", "!!"])
def test_a_login_in_base64_is_masked(login: str, behind: str) -> None:
    sent = b64encode(f"{login}:hunter22-pass{behind}".encode()).decode()

    masked = scrubbed(f"Authorization: Basic {sent}.", ["hunter22-pass"])

    assert MASK in masked
    assert not any(sent[at : at + 5] in masked for at in range(len(login) * 4 // 3 + 3, len(sent) - 4))


@pytest.mark.parametrize(("secret", "masked"), [("pw", f"{MASK}, PW, p w, cHc="), ("p/w", "pw, PW, p w, cHc=")])
def test_a_short_secret_is_masked_only_where_every_character_is_the_same(secret: str, masked: str) -> None:
    assert scrubbed("pw, PW, p w, cHc=", [secret]) == masked
    assert scrubbed("p%2Fw p&#x2f;w p\\/w", ["p/w"]) == f"{MASK} {MASK} {MASK}"


def test_a_secret_of_spaces_and_hyphens_alone_masks_no_other_spaces() -> None:
    assert scrubbed("a b - c [      ] [------]", ["      "]) == f"a b - c [{MASK}] [------]"


def test_words_around_a_secret_stay() -> None:
    assert scrubbed("before HUNTER-22 after, hunter 23", ["hunter22"]) == f"before {MASK} after, hunter 23"


@pytest.mark.parametrize(
    ("body", "secrets"),
    [
        (b'{"password": "abc", "username": "x"}', ["abc", "abc"]),
        (b'{"data": {"new_credential_password": "abc", "Passwort": "d"}}', ["abc", "abc", "d", "d"]),
        (b'{"password": [{"new": "abc"}]}', ["abc", "abc"]),
        (b'{"password": 5}', []),
        (b"{", []),
        (b"\xff", []),
        (b"[" * 100_000, []),
        (b'{"password": ["a", [{"b": "c"}], "d"], "e": "f"}', ["a", "a", "c", "c", "d", "d"]),
    ],
)
def test_what_stands_where_commands_have_secrets_is_found_in_any_message(body: bytes, secrets: list[str]) -> None:
    assert list(secrets_in(body)) == secrets


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every secret that is looked for from now on."""
    sought: list[str] = []

    def spied(secret: str) -> Iterator[str]:
        sought.append(secret)
        return iter(())

    monkeypatch.setattr(redaction, "_encodings", spied)
    return sought


def test_a_body_that_is_too_large_to_be_a_command_is_not_looked_through() -> None:
    body = json.dumps({"password": ["aaaa"] * 150_000}).encode()

    assert list(secrets_in(body)) == []


def test_a_body_of_the_largest_size_is_looked_through() -> None:
    body = b'{"password": "hunter22"}'

    assert list(secrets_in(body.ljust(256 * 1024))) == ["hunter22", "hunter22"]
    assert list(secrets_in(body.ljust(256 * 1024 + 1))) == []


def test_a_secret_that_is_there_many_times_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sought = counted(monkeypatch)
    body = json.dumps({"password": ["aaaa"] * 30_000, "passwort": "bbbb"}).encode()

    assert without_secrets_of(body, "aaaa: is not a field") == f"{MASK}: is not a field"
    assert sorted(sought) == ["aaaa", "bbbb"]


def test_a_secret_that_is_longer_than_the_text_is_looked_for_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    sought = counted(monkeypatch)
    secret = "p4ss" * 50_000

    masked = without_secrets_of(json.dumps({"password": secret}).encode(), f"{secret[:64]}...: is not a field")

    assert masked == f"{MASK}...: is not a field"
    assert sought == [secret[:64]]


def test_more_secrets_than_any_command_has_are_not_looked_for_and_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sought = counted(monkeypatch)
    body = json.dumps({"password": [f"secret-{number}" for number in range(MOST_SECRETS + 1)]}).encode()

    masked = without_secrets_of(body, "secret-7: is not a field of this command")

    assert "secret-7" not in masked
    assert f"more than {MOST_SECRETS} texts" in masked
    assert sought == []


def test_as_many_secrets_as_are_looked_for_are_masked_each() -> None:
    secrets = [f"secret-{number:02}" for number in range(MOST_SECRETS)]

    assert without_secrets_of(json.dumps({"password": secrets}).encode(), ", ".join(secrets)) == ", ".join(
        [MASK] * MOST_SECRETS
    )
