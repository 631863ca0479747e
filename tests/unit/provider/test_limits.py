"""How long an answer asks us to wait."""

import time
from email.utils import formatdate

import pytest

from tests.unit.provider.answering import HTML, SUCCESS, answer, failure
from worker.errors import Blocked, OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.answers import exhausted_seconds

#: What the provider's clock says while ours says something else: half past seven on the first of June 2019.
THEIR_NOW = 1_559_374_200
THEIR_DATE = formatdate(THEIR_NOW, usegmt=True)
IN_A_MINUTE = THEIR_NOW + 60
#: Every way to write that a minute is left.
A_MINUTE = [
    "60",
    "60s",
    "60000ms",
    str(IN_A_MINUTE),
    f"{IN_A_MINUTE}.0",
    f"{IN_A_MINUTE}000",
    f"{IN_A_MINUTE}000000",
    f"{IN_A_MINUTE}000000000",
    formatdate(IN_A_MINUTE, usegmt=True),
    formatdate(IN_A_MINUTE),
    "Sat, 01 Jun 2019 09:31:00 +0200",
    "Saturday, 01-Jun-19 07:31:00 GMT",
    "Sat Jun  1 07:31:00 2019",
    "2019-06-01T07:31:00Z",
    "2019-06-01T07:31:00.000Z",
    "2019-06-01T09:31:00+02:00",
    "2019-06-01T07:31:00",
    "2019-06-01 07:31:00 UTC",
    "20190601T073100Z",
]


def waits(**headers: str) -> float | None:
    throttled = failure('{"errors":[{"field":null,"message":"too many requests"}]}', 429, **headers)
    assert type(throttled) is Throttled
    return throttled.retry_after_seconds


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


def test_a_reset_that_is_over_asks_for_no_wait() -> None:
    assert waits(X_RateLimit_Reset=str(int(time.time()) - 60)) == 0.0


@pytest.mark.parametrize(("reset", "seconds"), [("0", 0.0), ("1", 1.0), ("30", 30.0), ("999999999", 3_600.0)])
def test_a_reset_that_is_no_time_of_day_is_seconds_from_now(reset: str, seconds: float) -> None:
    assert waits(X_RateLimit_Reset=reset) == seconds


def test_fractions_of_a_second_are_read() -> None:
    assert waits(Retry_After="1.5") == 1.5
    assert waits(X_RateLimit_Reset=" 2.25 ") == 2.25
    assert waits(X_RateLimit_Reset=str(time.time() + 120)) == pytest.approx(120, abs=60)


@pytest.mark.parametrize(
    "text", ["soon", "-5", "1.", ".5", "1.5.2", "1,5", "1e3", "²", "٣", "0x10", "Mon, 99 Foo 2026", "nan", "inf"]
)
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert waits(Retry_After=text) is None
    assert waits(X_RateLimit_Reset=text) is None


@pytest.mark.parametrize("text", ["9" * 400, "99999999999", "86400"])
def test_an_absurd_time_does_not_stop_the_intake_for_ever(text: str) -> None:
    assert waits(Retry_After=text) == 3_600.0
    assert waits(X_RateLimit_Reset="9" * 400) == 3_600.0


@pytest.mark.parametrize("name", ["X_RateLimit_Remaining", "x_ratelimit_remaining", "X_RATELIMIT_REMAINING"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_last_call_that_is_allowed_reports_when_the_next_one_is(name: str, status: int) -> None:
    last = answer(SUCCESS, status, **{name: "0", "X_RateLimit_Reset": str(int(time.time() + 120))})

    assert exhausted_seconds(last) == pytest.approx(120, abs=60)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_RateLimit_Remaining": "1", "X_RateLimit_Reset": "99999999999"},
        {"X_RateLimit_Remaining": "", "X_RateLimit_Reset": "99999999999"},
        {"X_RateLimit_Remaining": "0"},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "soon"},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "0"},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1000000000"},
        {"X_RateLimit_Remaining": "0", "Retry_After": "soon"},
        {"X_RateLimit_Remaining": "1", "Retry_After": "7"},
        {"Retry_After": "7"},
        {"X_RateLimit_Reset": "99999999999"},
    ],
    ids=str,
)
def test_nothing_is_to_be_waited_for_without_a_limit_used_up_and_its_end(headers: dict[str, str]) -> None:
    assert exhausted_seconds(answer(SUCCESS, 200, **headers)) == 0.0


@pytest.mark.parametrize("remaining", ["0", " 0 ", "0.0"])
def test_without_a_reset_retry_after_reports_when_the_next_call_is_allowed(remaining: str) -> None:
    last = answer(SUCCESS, 200, X_RateLimit_Remaining=remaining, Retry_After="7")

    assert exhausted_seconds(last) == 7.0


def test_the_reset_is_when_the_limit_ends_whatever_retry_after_says() -> None:
    assert exhausted_seconds(answer(X_RateLimit_Remaining="0", X_RateLimit_Reset="9", Retry_After="7")) == 9.0


def test_a_throttle_names_its_own_time() -> None:
    reset = str(int(time.time() + 120))

    assert exhausted_seconds(answer(SUCCESS, 429, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)) == 0.0


def test_an_absurd_reset_does_not_stop_the_intake_for_ever() -> None:
    absurd = answer(SUCCESS, 200, X_RateLimit_Remaining="0", X_RateLimit_Reset="9" * 400)

    assert exhausted_seconds(absurd) == 3_600.0


@pytest.mark.parametrize("text", A_MINUTE)
def test_a_minute_is_one_in_every_way_to_write_it_and_by_the_provider_s_own_clock(text: str) -> None:
    assert waits(Retry_After=text, Date=THEIR_DATE) == 60.0
    assert waits(X_RateLimit_Reset=text, Date=THEIR_DATE) == 60.0
    assert exhausted_seconds(answer(X_RateLimit_Remaining="0", X_RateLimit_Reset=text, Date=THEIR_DATE)) == 60.0


def test_a_time_of_day_without_a_zone_is_utc_wherever_the_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert waits(Retry_After="Sat Jun  1 07:31:00 2019", Date=THEIR_DATE) == 60.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("date", ["", "garbage", "Mon, 99 Foo 2026"])
def test_a_date_that_cannot_be_read_leaves_our_own_clock(date: str) -> None:
    assert waits(X_RateLimit_Reset=str(int(time.time() + 120)), Date=date) == pytest.approx(120, abs=60)


@pytest.mark.parametrize(
    ("body", "status", "kind", "for_all"),
    [
        (HTML, 503, OutcomeUnknown, True),
        ("", 500, OutcomeUnknown, True),
        ('{"error":{"message":"down","code":503}}', 200, OutcomeUnknown, True),
        ("{}", 429, Throttled, True),
        (HTML, 200, OutcomeUnknown, False),
        (HTML, 404, OutcomeUnknown, False),
        (HTML, 403, Unauthorized, False),
        (HTML, 413, Blocked, False),
    ],
)
def test_every_failure_that_may_pass_keeps_the_time_that_it_names(
    body: str, status: int, kind: type[ProviderError], *, for_all: bool
) -> None:
    failed = failure(body, status, Retry_After="2019-06-01T07:31:00Z", Date=THEIR_DATE)

    assert (type(failed), failed.retry_after_seconds, failed.waits_for_all) == (kind, 60.0, for_all)


@pytest.mark.parametrize(
    ("status", "waited"),
    [(401, 60.0), (403, 60.0), (413, 60.0), (302, 60.0), (404, 60.0), (200, 60.0), (202, 3600.0), (503, 3600.0)],
)
def test_a_time_that_is_for_one_request_alone_holds_it_up_no_longer_than_a_backoff_may(
    status: int, waited: float
) -> None:
    assert failure(HTML, status, Retry_After="3600").retry_after_seconds == waited


@pytest.mark.parametrize(
    "headers", [{}, {"Retry_After": "soon"}, {"Retry_After": "-5"}, {"X_RateLimit_Reset": "60"}], ids=str
)
def test_a_failure_without_a_time_of_its_own_names_none(headers: dict[str, str]) -> None:
    assert failure(HTML, 503, **headers).retry_after_seconds is None


def test_a_refusal_asks_for_no_pause() -> None:
    refused = failure('{"message":"error","errors":["no"]}', 400, Retry_After="60")

    assert (type(refused), refused.retry_after_seconds) == (Rejected, None)
