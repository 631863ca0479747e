"""Takes secrets out of texts that others wrote, in the spellings in which programs echo one; docs/security.md has them.

A text is read as it stands, and with its escapes undone once and twice. In each reading a secret is looked for
exactly; a longer one also without regard to case, accents, spaces and hyphens, and in hex and base64.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from messages.forms import MAX_BODY_BYTES
from worker.domain.texts.escapes import Reading, Span, readings

MASK = "**********"

#: Shorter ones, once folded, stand in too many words.
_LEAST_FOLDED, _LEAST_ENCODED = 4, 5
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{0,2}=*")
#: So much of a field's name is shown.
_SHOWN_OF_A_NAME = 64
#: No command has more than two. Each takes about a millisecond to look for, and anybody who may publish can send many.
MOST_SECRETS = 50
_TOO_MANY = (
    f"the message has more than {MOST_SECRETS} texts where commands have secrets, so what is wrong is not said: "
    "the sentence might show one. Send one command in a message"
)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret masked."""
    return replaced(text, dict.fromkeys(filter(None, secrets), MASK))


def replaced(text: str, words: Mapping[str, str], *, whole_words: bool = False) -> str:
    """The text with each of these words replaced, in whichever spelling it stands there; what overlaps, as one.

    `whole_words`: not where it begins or ends in the midst of another word.
    """
    plain = readings(text)
    folded, least = [reading.folded() for reading in plain], 1 if whole_words else _LEAST_FOLDED
    found = {
        span: word
        for sought, word in words.items()
        for span in (
            *_exactly(sought, plain),
            *_folded(sought, folded, least),
            *_encoded(sought, folded, text),
        )
        if not (
            whole_words and (text[max(0, span[0] - 1) : span[0]].isalnum() or text[span[1] : span[1] + 1].isalnum())
        )
    }
    for (start, stop), word in reversed(_merged(found)):
        text = text[:start] + word + text[stop:]
    return text


def without_secrets_of(body: bytes, text: str) -> str:
    """The text about a message that is no command, without what the message has where commands have secrets.

    When that are more than MOST_SECRETS, a sentence that says so in place of the text.
    """
    # The text cannot hold what is longer than itself; what that begins with is sought as well.
    sought = {secret for secret in secrets_in(body) if len(secret) <= len(text)}
    return scrubbed(text, sought) if len(sought) <= MOST_SECRETS else _TOO_MANY


def secrets_in(body: bytes) -> Iterator[str]:
    """What a message that is no command has where commands have secrets: its faults name fields, never values.

    A field may have been given a secret's name by mistake, and names are cut: what one begins with is given as well.
    Of a body that is too large to be a command nothing is given: nobody reads it, so no text can quote it.
    """
    if len(body) > MAX_BODY_BYTES:
        return
    with suppress(ValueError, RecursionError):
        for secret in _secrets_below(json.loads(body)):
            yield from (secret, secret[:_SHOWN_OF_A_NAME])


def _secrets_below(value: object) -> Iterator[str]:
    # No recursion: each generator within another costs every text in it once more.
    waiting = [(value, False)]
    while waiting:
        value, secret = waiting.pop()
        match value:
            case str() if secret:
                yield value
            case list():
                waiting += [(each, secret) for each in reversed(value)]
            case dict():
                waiting += [(each, secret or "passw" in name.lower()) for name, each in reversed(value.items())]


def _exactly(sought: str, among: list[Reading]) -> Iterator[Span]:
    spellings = {each.text for each in readings(sought)}
    # As forms write a space.
    for spelling in spellings | {each.replace(" ", "+") for each in spellings}:
        for reading in among:
            yield from reading.found(spelling)


def _folded(sought: str, among: list[Reading], least: int) -> Iterator[Span]:
    for spelling in {each.folded().text for each in readings(sought)}:
        if len(spelling) >= least:
            for reading in among:
                yield from reading.found(spelling)


def _encoded(sought: str, among: list[Reading], text: str) -> Iterator[Span]:
    for encoded in _encodings(sought):
        spelling = Reading(encoded, [(0, 0)] * len(encoded)).folded().text
        if len(spelling) >= _LEAST_ENCODED:
            for reading in among:
                for start, stop in reading.found(spelling):
                    yield _with_its_ends(text, start, stop)


def _encodings(sought: str) -> Iterator[str]:
    for raw in {sought.encode("utf-8", "surrogatepass"), sought.encode("latin-1", "ignore")}:
        yield from (raw.hex(), raw.hex(":"), "".join(f"0x{byte:02x}" for byte in raw))
        for before in range(3):
            # Only characters that are made of nothing else: what stands before and behind it changes the others.
            whole = slice(-(-before * 8 // 6), (before + len(raw)) * 8 // 6)
            for encode in (b64encode, urlsafe_b64encode):
                yield encode(b"\0" * before + raw).decode("ascii")[whole]


def _with_its_ends(text: str, start: int, stop: int) -> Span:
    """The span with the characters at its ends, which hold some bits of it."""
    before, behind = _BASE64.match(text[max(0, start - 2) : start][::-1]), _BASE64.match(text, stop)
    return start - (before.end() if before else 0), behind.end() if behind else stop


def _merged(found: Mapping[Span, str]) -> list[tuple[Span, str]]:
    merged: list[tuple[Span, str]] = []
    for (start, stop), word in sorted(found.items(), key=lambda each: (each[0][0], -each[0][1])):
        if merged and start < merged[-1][0][1]:
            (first, last), before = merged[-1]
            merged[-1] = (first, max(last, stop)), before
        else:
            merged.append(((start, stop), word))
    return merged
