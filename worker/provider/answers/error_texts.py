"""The provider's words: found in whichever of the five shapes they come, and what they sound like."""

import re
from collections.abc import Sequence

from worker.errors import RefusalHint

_MAX_TEXTS = 20
#: Nobody says what is wrong after so many; searching an endless text would hold up all other threads.
_READ_CHARACTERS = 1_000
_LOGIN_HINTS = (
    "wrong credentials",
    "bad username / password",
    "invalid authentication method",
    "authorization required",
    "authorization grant is invalid",
)
_PASSING_FAULTS = ("timed out", "timeout", "try again")
_TOO_MANY_REQUESTS = "too many requests"
_CODE = re.compile(r"[0-9]{3}")
_NOT_FOUND = re.compile(
    r"\bno longer exist|\bnot exist|n't exist|\bnever existed|\S not found|\S (could not|cannot|can't) be found"
    r"|\bno such\b|\bthere is no\b|\bunknown (customer|user|credential)|\bnot registered|\bregistered under your"
    r"|\bis not (a|your) (customer|user|credential)|\balready (been )?(deleted|removed|closed)"
)
_TAKEN = re.compile(
    r"\balready\b|\btaken\b|\bexists?\b|\bin use\b|\bduplicate|\bmust be unique|\bis not (unique|available)\b"
)


def texts_of(answer: object) -> tuple[str, ...]:
    """The words of an error: `errors` of texts or objects, a nested or plain `error`, or `message` alone."""
    if not isinstance(answer, dict):
        return ()
    errors = answer.get("errors")
    if isinstance(errors, list) and errors:
        found = [_text_of(entry) for entry in errors]
    elif answer.get("error") is not None:
        found = [_text_of(answer["error"])]
    else:
        found = [_text_of(answer)]
    return tuple(text for text in found if text)[:_MAX_TEXTS]


def text_of(value: object) -> str | None:
    """A field's value as the text that it would have been: numbers, true and false, and null as the empty one.

    None for what is no single value. Every text can be written as UTF-8: JSON can spell half a character as well, which
    becomes the replacement character, as bytes that are no UTF-8 do.
    """
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None


def refuse_the_login(texts: Sequence[str]) -> bool:
    """Whether they say that the login is wrong. `not authorized` does not: it was seen for a bad argument as well."""
    return any(hint in text[:_READ_CHARACTERS].lower() for text in texts for hint in _LOGIN_HINTS)


def ask_for_a_pause(texts: Sequence[str]) -> bool:
    """Whether they say that there were too many calls."""
    return any(text.lower().strip(" .!") == _TOO_MANY_REQUESTS for text in texts)


def sound_passing(answer: object) -> bool:
    """Whether it is nothing but one text, which names a fault that may pass: what a gateway says, not the provider.

    Beside a code, or as one of `errors`, such words are part of a refusal.
    """
    if (
        not isinstance(answer, dict)
        or answer.get("errors")
        or "code" in answer
        or isinstance(answer.get("error"), dict)
    ):
        return False
    return any(words in text[:_READ_CHARACTERS].lower() for text in texts_of(answer) for words in _PASSING_FAULTS)


def code_of(answer: object) -> int | None:
    """The status that the body itself names: its `code`, or its nested error's; a number, or its digits in XML."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("error")
    code = (error if isinstance(error, dict) else answer).get("code")
    text = str(code).strip()
    return int(text) if _CODE.fullmatch(text) else None


def hint_of(texts: Sequence[str]) -> RefusalHint | None:
    """What a refusal sounds like; None when it sounds like neither, or like both.

    A bare "Not found" is neither: it was seen for a call that does not exist, and names nothing that is missing.
    """
    hints = {hint for text in texts if (hint := _hint(text[:_READ_CHARACTERS].lower()))}
    return hints.pop() if len(hints) == 1 else None


def _hint(text: str) -> RefusalHint | None:
    if _NOT_FOUND.search(text):
        return RefusalHint.NOT_FOUND
    return RefusalHint.TAKEN if _TAKEN.search(text) else None


def _text_of(entry: object) -> str:
    value = entry.get("message") if isinstance(entry, dict) else entry
    return value.strip() if isinstance(value, str) else ""
