"""Understands an answer. The body decides, the HTTP status is a hint; all five shapes of an error are read here.

Success is only what says so: an object whose `message` is exactly `success`, or an array where a list was asked for.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from pydantic_core import from_json

from worker.domain.provider import CustomerRow
from worker.errors import OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.transport import Answer

_MAX_TEXTS = 20
_LOGIN_HINTS = (
    "wrong credentials",
    "bad username / password",
    "invalid authentication method",
    "authorization required",
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_SUCCESSES = range(200, 300)
_REDIRECTS = range(300, 400)
#: All intake stands still for as long: a time beyond this one is an error of theirs, and asking again costs little.
_LONGEST_PAUSE_SECONDS = 3600.0


def expect_success(answer: Answer) -> None:
    """Return when the provider says it was done; raise the ProviderError that its answer means otherwise."""
    parsed = _parsed(answer)
    if isinstance(parsed, dict) and parsed.get("message") == "success" and answer.status < _SERVER_ERROR:
        return
    raise _failure(answer, parsed)


def expect_rows(answer: Answer) -> list[CustomerRow]:
    """The customers of a list; an object here is an error, never an empty list."""
    parsed = _parsed(answer)
    # An empty list is taken as proof that a customer is absent: one that comes with an error's status proves nothing.
    if isinstance(parsed, list) and answer.status in _SUCCESSES:
        return [_row(entry) for entry in parsed]
    raise _failure(answer, parsed)


def _parsed(answer: Answer) -> object:
    try:
        return from_json(answer.body)
    except ValueError:
        return None


def _row(entry: object) -> CustomerRow:
    if not isinstance(entry, dict) or not isinstance(entry.get("username"), str):
        # Passing over it would make the list look shorter, and a customer that is in it look absent.
        raise OutcomeUnknown("an entry of the provider's list names no customer, so the list proves nothing")
    return CustomerRow({name: value for name, value in entry.items() if isinstance(value, str)})


def _failure(answer: Answer, parsed: object) -> ProviderError:
    texts = _texts(parsed)
    if answer.status == _TOO_MANY_REQUESTS:
        return Throttled("the provider asks for a pause (429)", _retry_after_seconds(answer.headers))
    if answer.status in {401, 403} or any(hint in text.lower() for text in texts for hint in _LOGIN_HINTS):
        return Unauthorized(
            f"the provider refuses the login ({answer.status}); check PROVISIONING_PROVIDER__API_USER and __API_KEY",
            texts,
        )
    if answer.status >= _SERVER_ERROR or answer.status in _REDIRECTS or not texts:
        return OutcomeUnknown(f"the provider's answer ({answer.status}) does not say whether it was done", texts)
    return Rejected(f"the provider refused: {'; '.join(texts)}", texts)


def _texts(parsed: object) -> tuple[str, ...]:
    """The provider's words: `errors` of texts or objects, a nested or plain `error`, or `message` alone."""
    if not isinstance(parsed, dict):
        return ()
    errors = parsed.get("errors")
    if isinstance(errors, list) and errors:
        found = [_text_of(entry) for entry in errors]
    elif parsed.get("error") is not None:
        found = [_text_of(parsed["error"])]
    else:
        found = [_text_of(parsed)]
    return tuple(text for text in found if text)[:_MAX_TEXTS]


def _text_of(entry: object) -> str:
    value = entry.get("message") if isinstance(entry, dict) else entry
    return value if isinstance(value, str) else ""


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the provider asks us to wait: Retry-After in seconds or as a date, else X-RateLimit-Reset (epoch)."""
    after = headers.get("Retry-After", "").strip()
    if _is_number(after):
        return min(float(after), _LONGEST_PAUSE_SECONDS)
    until = _date(after) or _epoch_seconds(headers.get("X-RateLimit-Reset", "").strip())
    return None if until is None else min(max(0.0, until - time.time()), _LONGEST_PAUSE_SECONDS)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _epoch_seconds(text: str) -> float | None:
    return float(text) if _is_number(text) else None


def _is_number(text: str) -> bool:
    # Headers are Latin-1, in which a superscript two passes for a digit.
    return text.isascii() and text.isdigit()
