"""What an answer means: the body decides, the status is a hint, and in doubt it may have happened."""

import json
import time
from email.utils import formatdate

import pytest
from requests.structures import CaseInsensitiveDict

from worker.errors import OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.answers import expect_rows, expect_success
from worker.provider.transport import Answer

HTML = "<html><body>Oops</body></html>"
SUCCESS = '{"message":"success"}'
ERRORS = '{"message":"error","errors":["package unknown","zip missing"]}'
USER_NOT_FOUND = '{"message":"User not found"}'
NESTED = '{"error":{"code":400,"message":"User does not exist"}}'
FLAT = '{"code":400,"message":"User does not exist"}'
PLAIN = '{"error":"no such thing"}'
V3 = '{"errors":[{"field":null,"message":"invalid username"}]}'
NOT_AUTHORIZED = '{"error":{"code":401,"message":"Permission denied, not authorized"}}'
LOGINS = [
    '{"error":{"code":401,"message":"Permission denied, wrong credentials"}}',
    '{"message":"error","errors":["Permission denied, wrong credentials"]}',
    '{"error": "Bad username / password"}',
    '{"error":{"code":403,"message":"Bad username \\/ password"}}',
    '{"message":"invalid authentication method"}',
    '{"errors":[{"field":null,"message":"authorization required"}]}',
]


def answer(body: str | bytes = SUCCESS, status: int = 200, **headers: str) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    return Answer(status, CaseInsensitiveDict({name.replace("_", "-"): text for name, text in headers.items()}), raw)


def failure(body: str | bytes = SUCCESS, status: int = 200, **headers: str) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        expect_success(answer(body, status, **headers))
    return raised.value


@pytest.mark.parametrize("status", [200, 201, 202, 302, 400, 404])
def test_success_is_what_says_so(status: int) -> None:
    expect_success(answer(SUCCESS, status))


@pytest.mark.parametrize("status", [200, 400, 404, 422])
@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (ERRORS, ("package unknown", "zip missing")),
        (USER_NOT_FOUND, ("User not found",)),
        (NESTED, ("User does not exist",)),
        (FLAT, ("User does not exist",)),
        (PLAIN, ("no such thing",)),
        (V3, ("invalid username",)),
        (NOT_AUTHORIZED, ("Permission denied, not authorized",)),
        ('{"message":"Success"}', ("Success",)),
        ('{"message":"error"}', ("error",)),
        ('{"message":"error","errors":["Bad username format"]}', ("Bad username format",)),
    ],
)
def test_an_error_in_any_of_its_shapes_is_a_refusal(body: str, texts: tuple[str, ...], status: int) -> None:
    refused = failure(body, status)

    assert type(refused) is Rejected
    assert refused.errors == texts
    assert refused.detail == f"the provider refused: {'; '.join(texts)}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 200),
        (HTML, 200),
        ('{"message":"succ', 200),
        (b"\xff\xfe", 200),
        ("[]", 200),
        ("null", 200),
        ('"success"', 200),
        ("{}", 200),
        ('{"message":7}', 200),
        ('{"errors":[]}', 200),
        ('{"errors":[7,null,{}]}', 200),
        ("[" * 10_000, 200),
        (HTML, 307),
        (SUCCESS, 500),
        (ERRORS, 500),
        (ERRORS, 307),
        (HTML, 502),
        ("", 503),
        (HTML, 404),
    ],
)
def test_whatever_does_not_say_so_may_have_happened(body: str | bytes, status: int) -> None:
    assert type(failure(body, status)) is OutcomeUnknown


@pytest.mark.parametrize("body", LOGINS)
@pytest.mark.parametrize("status", [200, 400])
def test_a_refused_login_is_known_by_its_words(body: str, status: int) -> None:
    assert type(failure(body, status)) is Unauthorized


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [HTML, "", ERRORS])
def test_a_refused_login_is_known_by_its_status(body: str, status: int) -> None:
    assert type(failure(body, status)) is Unauthorized


def test_a_refused_login_names_the_settings_to_look_at() -> None:
    assert "PROVISIONING_PROVIDER__API_USER" in failure(LOGINS[0]).detail


def waits(**headers: str) -> float | None:
    throttled = failure('{"errors":[{"field":null,"message":"too many requests"}]}', 429, **headers)
    assert type(throttled) is Throttled
    return throttled.retry_after_seconds


def test_a_429_is_a_throttle_whatever_its_body_says() -> None:
    assert waits() is None
    assert type(failure(HTML, 429)) is Throttled
    assert type(failure(LOGINS[0], 429)) is Throttled


@pytest.mark.parametrize("name", ["Retry_After", "retry_after", "RETRY_AFTER"])
def test_retry_after_is_honoured_in_seconds(name: str) -> None:
    assert waits(**{name: " 7 "}) == 7.0


def test_retry_after_is_honoured_as_a_date() -> None:
    assert waits(Retry_After=formatdate(time.time() + 120, usegmt=True)) == pytest.approx(120, abs=60)


def test_the_reset_of_the_rate_limit_is_honoured() -> None:
    assert waits(X_RateLimit_Reset=str(int(time.time() + 120))) == pytest.approx(120, abs=60)


def test_retry_after_wins_over_the_reset_unless_it_cannot_be_read() -> None:
    reset = str(int(time.time() + 120))

    assert waits(Retry_After="7", X_RateLimit_Reset=reset) == 7.0
    assert waits(Retry_After="soon", X_RateLimit_Reset=reset) == pytest.approx(120, abs=60)


@pytest.mark.parametrize("reset", ["1", "0"])
def test_a_reset_that_is_over_asks_for_no_wait(reset: str) -> None:
    assert waits(X_RateLimit_Reset=reset) == 0.0


@pytest.mark.parametrize("text", ["soon", "-5", "1.5", "²", "٣", "0x10", "Mon, 99 Foo 2026", "nan", "inf"])
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert waits(Retry_After=text) is None
    assert waits(X_RateLimit_Reset=text) is None


@pytest.mark.parametrize("text", ["9" * 400, "99999999999", "86400"])
def test_an_absurd_time_does_not_stop_the_intake_for_ever(text: str) -> None:
    assert waits(Retry_After=text) == 3_600.0
    assert waits(X_RateLimit_Reset="9" * 400) == 3_600.0


def test_a_list_is_read_with_its_texts_alone() -> None:
    rows = expect_rows(answer('[{"username":"ada","active":"true","id":7,"tags":["a"]},{"username":"bob"}]'))

    assert [row.fields for row in rows] == [{"username": "ada", "active": "true"}, {"username": "bob"}]


def test_an_empty_list_is_a_list() -> None:
    assert expect_rows(answer("[]")) == []


@pytest.mark.parametrize("entry", ["null", '"ada"', "7", "{}", '{"username":null}', '{"email":"ada@example.com"}'])
def test_a_list_with_an_entry_that_names_nobody_proves_nothing(entry: str) -> None:
    with pytest.raises(OutcomeUnknown, match="proves nothing"):
        expect_rows(answer(f'[{entry},{{"username":"bob"}}]'))


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (SUCCESS, 200, Rejected),
        (ERRORS, 200, Rejected),
        (LOGINS[0], 200, Unauthorized),
        ("[]", 500, OutcomeUnknown),
        ('[{"username":"ada"}', 200, OutcomeUnknown),
        (HTML, 200, OutcomeUnknown),
        ("[]", 404, OutcomeUnknown),
        ("[]", 302, OutcomeUnknown),
        ("[]", 403, Unauthorized),
        ("[]", 429, Throttled),
    ],
)
def test_what_is_no_list_is_never_an_empty_one(body: str, status: int, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        expect_rows(answer(body, status))


def test_of_many_errors_the_first_twenty_are_told() -> None:
    texts = [f"fault {number}" for number in range(50)]

    assert failure(json.dumps({"message": "error", "errors": texts})).errors == tuple(texts[:20])
