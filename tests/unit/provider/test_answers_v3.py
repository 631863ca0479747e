"""Answers of the v3 API: a profile is its own read-back, and a refusal concerns the v3 key alone."""

import json
from typing import Any

import pytest

from tests.unit.provider.answering import HTML, answer
from worker.errors import OutcomeUnknown, ProviderError, ProviderLogin, Rejected, Throttled, Unauthorized, Unprovable
from worker.provider.answers import expect_profile, expect_username

PROFILE = {
    "address": "1 Main St",
    "address2": None,
    "city": "Zürich",
    "company": "",
    "country": "CH",
    "first_name": "Zoë",
    "last_name": "Łukasz",
    "phone": "1",
    "state": "ZH",
    "website": "https://example.com",
    "zip": "8001",
}
SENT = {"city": "Zürich", "company": "", "address2": ""}


def v3_error(text: str = "invalid city", field: str | None = "city") -> str:
    return json.dumps({"errors": [{"field": field, "message": text}], "id": "x"})


def failure(body: str | bytes, status: int = 200, sent: dict[str, str] | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        expect_profile(answer(body, status), SENT if sent is None else sent)
    return raised.value


@pytest.mark.parametrize("status", [200, 201])
def test_a_profile_that_shows_what_was_sent_is_a_success(status: int) -> None:
    expect_profile(answer(json.dumps(PROFILE), status), SENT)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"city": "Bern"}, "city"),
        ({"city": "zürich"}, "city"),
        ({"city": "Bern", "company": "old", "zip": "1"}, "city, company"),
        ({"address2": "old"}, "address2"),
        ({"city": None}, "city"),
        ({"city": 7}, "city"),
    ],
)
def test_a_profile_that_shows_something_else_proves_nothing(changes: dict[str, Any], named: str) -> None:
    other = failure(json.dumps({**PROFILE, **changes}))

    assert type(other) is Unprovable
    assert f"other values for {named} than" in other.detail
    assert "Zürich" not in other.detail


@pytest.mark.parametrize("sent", [{"city": "Zürich"}, {"address2": ""}])
def test_a_profile_without_the_field_that_was_sent_proves_nothing(sent: dict[str, str]) -> None:
    assert type(failure('{"country":"CH"}', sent=sent)) is Unprovable


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (v3_error(), 400, Rejected),
        (v3_error(), 200, Rejected),
        (json.dumps({**PROFILE, **json.loads(v3_error())}), 200, OutcomeUnknown),
        (json.dumps({**PROFILE, "error": "no"}), 200, OutcomeUnknown),
        (v3_error("no fields provided", None), 400, Rejected),
        (v3_error("Accept header missing"), 406, Rejected),
        ('{"error":{"code":400,"message":"User does not exist"}}', 400, Rejected),
        (v3_error("too many requests", None), 429, Throttled),
        (json.dumps(PROFILE), 429, Throttled),
        (json.dumps(PROFILE), 500, OutcomeUnknown),
        (json.dumps(PROFILE), 307, OutcomeUnknown),
        (json.dumps(PROFILE), 404, OutcomeUnknown),
        (json.dumps(PROFILE), 202, OutcomeUnknown),
        (json.dumps(PROFILE).replace('"city"', '"city":"Bern","city"'), 200, OutcomeUnknown),
        ('{"error":{"code":503,"message":"try later"}}', 200, OutcomeUnknown),
        (v3_error(), 500, OutcomeUnknown),
        (json.dumps(PROFILE)[:-9], 200, OutcomeUnknown),
        ('{"message":"success"}', 200, OutcomeUnknown),
        ("{}", 200, OutcomeUnknown),
        ("[]", 200, OutcomeUnknown),
        ("", 200, OutcomeUnknown),
        ("", 204, OutcomeUnknown),
        (HTML, 200, OutcomeUnknown),
    ],
)
def test_what_is_no_profile_is_never_a_success(body: str, status: int, kind: type[ProviderError]) -> None:
    assert type(failure(body, status)) is kind


REFUSED_KEYS = [
    (v3_error("authorization required", None), 401),
    (v3_error("Permission denied, wrong credentials", None), 401),
    (v3_error("The provided authorization grant is invalid, expired, or revoked", None), 401),
    (v3_error("access forbidden", None), 403),
    (v3_error("authorization required", None), 200),
    (HTML, 401),
    ("", 403),
    (json.dumps(PROFILE), 401),
]


@pytest.mark.parametrize(("body", "status"), REFUSED_KEYS)
def test_a_refused_key_is_reported_by_its_setting(body: str, status: int) -> None:
    refused = failure(body, status)

    assert isinstance(refused, Unauthorized)
    assert refused.login is ProviderLogin.V3
    assert "PROVISIONING_PROVIDER__V3_API_KEY" in refused.detail
    assert "API_USER" not in refused.detail


def test_the_target_is_the_name_that_comes_back() -> None:
    assert expect_username(answer('{"username":"Ada@x.com","user_id":7}')) == "Ada@x.com"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (v3_error("unknown user", "on-behalf-of"), 400, Rejected),
        (v3_error("access forbidden"), 403, Unauthorized),
        ('{"username":"ada","errors":[{"message":"unknown user"}]}', 200, Rejected),
        ('{"username":""}', 200, OutcomeUnknown),
        ('{"username":null}', 200, OutcomeUnknown),
        ('{"username":["ada"]}', 200, OutcomeUnknown),
        ('{"user_id":7}', 200, OutcomeUnknown),
        ('{"username":"ada"}', 404, OutcomeUnknown),
        ('{"username":"ada"}', 202, OutcomeUnknown),
        ('{"username":"bob","username":"ada"}', 200, OutcomeUnknown),
        ('{"username":"ada"}', 503, OutcomeUnknown),
        ("", 200, OutcomeUnknown),
    ],
)
def test_what_names_nobody_is_no_target(body: str, status: int, kind: type[ProviderError]) -> None:
    with pytest.raises(kind) as raised:
        expect_username(answer(body, status))
    assert type(raised.value) is kind
