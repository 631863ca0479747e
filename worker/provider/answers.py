"""What an answer means: what a good one looks like, which ProviderError any other is, and how long it asks us to wait.

The body decides, the HTTP status is a hint. What is no success is a failure, or may have happened.
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from worker.domain.ports import CustomerRow
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS
from worker.domain.texts.comparison import same_text
from worker.errors import (
    Blocked,
    OutcomeUnknown,
    ProviderError,
    ProviderLogin,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)
from worker.provider.parsing import (
    ask_for_a_pause,
    code_of,
    hint_of,
    is_page,
    listed,
    parsed,
    refuse_the_login,
    sound_passing,
    text_of,
    texts_of,
)
from worker.provider.wire.transport import HttpAnswer

_REFUSED_LOGINS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_REDIRECTS = range(300, 400)
_SERVER_ERROR = 500
#: Accepted, but not done yet; and given up by somebody on the way, who cannot know whether it was done.
_UNDECIDED = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.REQUEST_TIMEOUT})
#: Refused before anything was done, as the status says; without the provider's words a firewall may have said so.
_REFUSED_REQUESTS = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 417, 418, 422, 426, 428, 431, 451})
#: A time beside the answer to one request may be a firewall's: it holds that command up no longer than a backoff does.
_LONGEST_OWN_WAIT_SECONDS = 60.0
_SETTINGS = {
    ProviderLogin.V2: "PROVISIONING_PROVIDER__API_USER and __API_KEY",
    ProviderLogin.V3: "PROVISIONING_PROVIDER__V3_API_KEY",
}
#: Without 202: what was merely accepted may still happen.
_GOOD = frozenset(range(200, 300)) - {202}
_PROFILE_FIELDS = frozenset(
    {
        "address",
        "address2",
        "city",
        "company",
        "country",
        "first_name",
        "last_name",
        "phone",
        "state",
        "website",
        "zip",
    }
)

_REMAINING = "X-RateLimit-Remaining"
#: From the year 2001 on: what is less is no time of day, but seconds from now.
_EARLIEST_EPOCH_SECONDS = 1e9
#: Beyond the year 5000: what is more counts milliseconds, or finer, since the epoch.
_LATEST_EPOCH_SECONDS = 1e11
_FINER_UNITS = (1.0, 1e3, 1e6, 1e9)
#: Headers are Latin-1, in which a superscript two passes for a digit.
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s)?")


def failure(answer: HttpAnswer, parsed: object, login: ProviderLogin = ProviderLogin.V2) -> ProviderError:
    """The error that this answer to a call with this login means; its words are not scrubbed yet."""
    error = _meant(answer, parsed, login)
    if not isinstance(error, Throttled | Rejected):
        error.waits_for_all = _is_server_error(answer, parsed)
        error.retry_after_seconds = _asked_for(answer, for_all=error.waits_for_all)
    return error


def _asked_for(answer: HttpAnswer, *, for_all: bool) -> float | None:
    seconds = asked_for_seconds(answer.headers)
    if seconds is None or for_all or answer.status == HTTPStatus.ACCEPTED:
        # What was accepted may be done at any time until then: a look before it proves nothing.
        return seconds
    return min(seconds, _LONGEST_OWN_WAIT_SECONDS)


def _is_server_error(answer: HttpAnswer, parsed: object) -> bool:
    return answer.status >= _SERVER_ERROR or (code_of(parsed) or 0) >= _SERVER_ERROR


def _meant(answer: HttpAnswer, parsed: object, login: ProviderLogin) -> ProviderError:
    texts, code = texts_of(parsed), code_of(parsed)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(answer)
    if answer.status in _UNDECIDED or (code is not None and code >= _SERVER_ERROR):
        return _unknown(answer, texts)
    if code == HTTPStatus.TOO_MANY_REQUESTS or ask_for_a_pause(texts):
        return _throttled(answer)
    if answer.status in _REFUSED_LOGINS or refuse_the_login(texts):
        return Unauthorized(
            f"the provider refuses the {login} login ({answer.status}); check {_SETTINGS[login]}",
            texts,
            login,
            answer.status,
        )
    if proves_nothing(answer.status) or says_success(parsed) or sound_passing(parsed) or not _names_a_fault(texts):
        is_blocked = answer.status in _REFUSED_REQUESTS and not texts
        return Blocked(answer.status, how=_how(answer.body)) if is_blocked else _unknown(answer, texts)
    return Rejected(f"the provider refused: {'; '.join(texts)}", texts, hint_of(texts))


def proves_nothing(status: int) -> bool:
    """Whether an answer with this status is no answer to the call, whatever its body says: a 5xx, a redirect, a 202."""
    return status >= _SERVER_ERROR or status in _REDIRECTS or status == HTTPStatus.ACCEPTED


def says_success(parsed: object) -> bool:
    """Whether its `message` is exactly `success`; beside errors it is a contradiction, which says nothing."""
    return isinstance(parsed, dict) and parsed.get("message") == "success"


def has_errors(parsed: Mapping[str, object]) -> bool:
    """Whether it names errors, in whatever shape; an error's own code is one as well."""
    return bool(parsed.get("errors") or parsed.get("error") or ("code" in parsed and _is_high(code_of(parsed))))


def _is_high(code: int | None) -> bool:
    return code is not None and code >= HTTPStatus.BAD_REQUEST


def _throttled(answer: HttpAnswer) -> Throttled:
    return Throttled("the provider asks for a pause (429)", retry_after_seconds(answer.headers))


def _unknown(answer: HttpAnswer, texts: tuple[str, ...]) -> OutcomeUnknown:
    what = "a web page in place of the provider's answer" if is_page(answer.body) else "the provider's answer"
    return OutcomeUnknown(f"{what} ({answer.status}) does not say whether it was done", texts)


def _how(refusing: bytes) -> str:
    if is_page(refusing):
        return "with a web page"
    return "in words that cannot be read" if refusing.strip() else ""


def _names_a_fault(texts: tuple[str, ...]) -> bool:
    return any(_is_a_fault(text.lower()) for text in texts)


def _is_a_fault(text: str) -> bool:
    # "Success!" and its like are neither the documented success nor a refusal, and a number alone is no word.
    return not text.startswith("success") and any(map(str.isalpha, text))


def expect_success(answer: HttpAnswer) -> None:
    """Return when the provider says it was done: a `message` that is exactly `success`, and no errors.

    Raises the ProviderError that anything else means.
    """
    document = parsed(answer.body)
    if (
        isinstance(document, dict)
        and says_success(document)
        and not has_errors(document)
        and not proves_nothing(answer.status)
    ):
        return
    raise failure(answer, document)


def expect_rows(answer: HttpAnswer) -> list[CustomerRow]:
    """The customers of a list; an object here is an error, never an empty list."""
    entries = listed(answer.body)
    # An empty list is taken as proof that a customer is absent: one that comes with an error's status proves nothing.
    if entries is not None and answer.status in _GOOD:
        return [_row(entry) for entry in entries]
    raise failure(answer, parsed(answer.body))


def expect_profile(answer: HttpAnswer, sent: Mapping[str, str]) -> None:
    """Return when the profile that comes back shows every field as it was sent: the answer is its own read-back.

    Raises Unprovable, naming the fields, when it is a profile that shows one of them otherwise or not at all.
    """
    document = parsed(answer.body)
    if not (isinstance(document, dict) and answer.status in _GOOD and not _PROFILE_FIELDS.isdisjoint(document)):
        raise failure(answer, document, ProviderLogin.V3)
    if has_errors(document):
        raise OutcomeUnknown("the provider's answer is a profile and an error at once", texts_of(document))
    other = [name for name, value in sent.items() if not _shows(document, name, value)]
    if other:
        raise Unprovable(
            f"the provider accepted the change, but shows other values for {', '.join(other)} than were sent; "
            "look at the profile before the command is sent again"
        )


def expect_username(answer: HttpAnswer) -> str:
    """The username that a v3 call acts on."""
    document = parsed(answer.body)
    if isinstance(document, dict) and answer.status in _GOOD and not has_errors(document):
        username = text_of(document.get("username"))
        if username:
            return username
    raise failure(answer, document, ProviderLogin.V3)


def _row(entry: object) -> CustomerRow:
    """A row with what can be read of the entry; one that names nobody stays in the list, which is no shorter for it."""
    fields = entry if isinstance(entry, dict) else {}
    texts = {name: text_of(value) for name, value in fields.items()}
    return CustomerRow({name: text for name, text in texts.items() if text is not None})


def _shows(profile: Mapping[str, object], name: str, value: str) -> bool:
    # What was cleared may come back as null.
    shown = text_of(profile[name]) if name in profile else None
    return shown is not None and same_text(shown, value)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait after a refusal: Retry-After, else X-RateLimit-Reset; None when neither can be read.

    Both are read as seconds from now, as a time of day in seconds or milliseconds since the epoch, and as a date of
    HTTP or of ISO 8601; a number with the unit `ms` is one of milliseconds.
    """
    seconds = _wait(headers, "Retry-After")
    return _wait(headers, "X-RateLimit-Reset") if seconds is None else seconds


def asked_for_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that any other failure asks for: Retry-After alone, since the reset stands beside every answer."""
    return _wait(headers, "Retry-After")


def exhausted_seconds(answer: HttpAnswer) -> float:
    """How long no further call is allowed, said beside a good answer as well: none remaining until the reset.

    Where no reset is named, Retry-After counts. A 429 names its own time, and is raised as what it is.
    """
    if _REMAINING not in answer.headers or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return 0.0
    if _number(answer.headers[_REMAINING].strip()) != 0:
        return 0.0
    seconds = _wait(answer.headers, "X-RateLimit-Reset")
    return (retry_after_seconds(answer.headers) or 0.0) if seconds is None else seconds


def epoch_seconds(date: str) -> float | None:
    """A date of HTTP, in any of its three forms, or of ISO 8601; UTC where it names no zone. None for what is none."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(date.removesuffix(" UTC"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _wait(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    number = _number(text)
    if number is not None and number < _EARLIEST_EPOCH_SECONDS:
        return min(number, LONGEST_PAUSE_SECONDS)
    until = epoch_seconds(text) if number is None else _in_seconds(number)
    return None if until is None else min(max(0.0, until - _now(headers)), LONGEST_PAUSE_SECONDS)


def _in_seconds(epoch: float) -> float:
    return next((epoch / unit for unit in _FINER_UNITS if epoch / unit < _LATEST_EPOCH_SECONDS), epoch)


def _now(headers: Mapping[str, str]) -> float:
    # Their time is measured by their clock: ours may be off by more than the whole wait.
    server_time = epoch_seconds(headers.get("Date", "").strip())
    return time.time() if server_time is None else server_time


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    return float(found[1]) / (1e3 if found[2] == "ms" else 1.0)
