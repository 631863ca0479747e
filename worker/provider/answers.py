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
_LOGIN_HINTS = ("wrong credentials", "bad username", "invalid authentication method", "authorization required")
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)


def expect_success(answer: Answer) -> None:
    """Return when the provider says it was done; raise the ProviderError that its answer means otherwise."""
    parsed = _parsed(answer)
    if isinstance(parsed, dict) and parsed.get("message") == "success" and answer.status < _SERVER_ERROR:
        return
    raise _failure(answer, parsed)


def expect_rows(answer: Answer) -> list[CustomerRow]:
    """The customers of a list; an object here is an error, never an empty list."""
    parsed = _parsed(answer)
    if isinstance(parsed, list) and answer.status < _SERVER_ERROR:
        return [_row(entry) for entry in parsed if isinstance(entry, dict)]
    raise _failure(answer, parsed)


def _parsed(answer: Answer) -> object:
    try:
        return from_json(answer.body)
    except ValueError:
        return None


def _row(entry: dict[str, object]) -> CustomerRow:
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
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if after.isdigit():
        return float(after)
    if after:
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
        except ValueError:
            return None
    return max(0.0, float(reset) - time.time()) if reset.isdigit() else None
