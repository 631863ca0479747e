"""The rate limit, on both APIs."""

import time

import pytest

from tests.checks.rig import LIST, OK, Provider, Reply

TOO_MANY = {"errors": [{"field": None, "message": "too many requests"}]}
NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def shown_limits(reply: Reply) -> tuple[str | None, str | None]:
    """The limit and what remains of it; the reset must then be a time to come."""
    limit, remaining, reset = map(reply.headers.get, NAMES)
    assert reset is None or float(reset) >= time.time()
    return limit, remaining


def test_c70_a_call_too_many_is_answered_429_and_not_applied(provider: Provider) -> None:
    provider.switch(rate_limit=2)
    answers = [provider.manage(method="disable", user="a@x.com") for _ in range(2)]
    late = provider.manage(method="enable", user="a@x.com")

    assert [answer.content for answer in answers] == [OK, OK]
    assert [shown_limits(answer) for answer in (*answers, late)] == [("2", "1"), ("2", "0"), ("2", "0")]
    assert (late.status, late.content) == (429, TOO_MANY)
    assert (provider.last.effect, provider.customer("a@x.com").active) == ("not_applied", False)


def test_c70_by_switch_it_is_applied_all_the_same(provider: Provider) -> None:
    provider.switch(rate_limit=1, throttle_applies="on")
    provider.manage(**LIST)

    assert provider.manage(method="disable", user="a@x.com").status == 429

    assert (provider.last.effect, provider.customer("a@x.com").active) == ("changed", False)


def test_c70_each_login_has_a_limit_of_its_own_over_both_apis(provider: Provider) -> None:
    provider.switch(rate_limit=2)
    provider.manage(**LIST)

    assert shown_limits(provider.v3("GET", "/v3/user/username")) == ("2", "0")
    assert provider.v3("GET", "/v3/user/username").status == 429
    assert provider.v3("GET", "/v3/user/username", Authorization="Bearer SG.other").status == 200
    assert provider.manage(**LIST, api_user="other", api_key="pw2").status == 200


@pytest.mark.parametrize("path", ["/v3/user/username", "/v3/user/profile"])
def test_c70_without_a_limit_none_is_reported(provider: Provider, path: str) -> None:
    assert shown_limits(provider.v3("GET", path)) == shown_limits(provider.manage(**LIST)) == (None, None)
