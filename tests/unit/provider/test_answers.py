"""What an answer means: the body decides, the status is a hint, and in doubt it may have happened."""

import json

import pytest

from tests.unit.provider.answering import HTML, SUCCESS, answer, failure
from worker.errors import Blocked, OutcomeUnknown, ProviderError, ProviderLogin, Rejected, Throttled, Unauthorized
from worker.provider.answers import expect_rows, expect_success
from worker.provider.parsing import parsed

ERRORS = '{"message":"error","errors":["package unknown","zip missing"]}'
USER_NOT_FOUND = '{"message":"User not found"}'
NESTED = '{"error":{"code":400,"message":"User does not exist"}}'
FLAT = '{"code":400,"message":"User does not exist"}'
PLAIN = '{"error":"no such thing"}'
V3 = '{"errors":[{"field":null,"message":"invalid username"}]}'
NOT_AUTHORIZED = '{"error":{"code":401,"message":"Permission denied, not authorized"}}'
THROTTLED = '{"errors":[{"field":null,"message":"too many requests"}]}'
LOGINS = [
    '{"error":{"code":401,"message":"Permission denied, wrong credentials"}}',
    '{"message":"error","errors":["Permission denied, wrong credentials"]}',
    '{"error": "Bad username / password"}',
    '{"error":{"code":403,"message":"Bad username \\/ password"}}',
    '{"message":"invalid authentication method"}',
    '{"errors":[{"field":null,"message":"authorization required"}]}',
]


@pytest.mark.parametrize("status", [200, 201, 400, 404, 408])
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
        (SUCCESS, 302),
        (SUCCESS, 307),
        ('{"message":"Success"}', 200),
        ('{"message":" success"}', 200),
        ('{"message":"Success!"}', 200),
        ('{"message":"1"}', 200),
        ('{"message":"success","errors":["it did not work"]}', 200),
        ('{"message":"success","error":{"code":400,"message":"no"}}', 400),
        ('{"error":"success"}', 200),
        ('{"success":true}', 200),
        (SUCCESS, 500),
        (ERRORS, 500),
        (ERRORS, 307),
        (HTML, 502),
        ("", 503),
        (HTML, 404),
        (SUCCESS, 202),
        (ERRORS, 202),
        (LOGINS[0], 202),
        (HTML, 202),
        (ERRORS, 408),
        (NESTED, 408),
        (LOGINS[0], 408),
        (THROTTLED, 408),
        (HTML, 408),
        ('{"error":{"code":500,"message":"Internal error"}}', 200),
        ('{"error":{"code":"503","message":"Service unavailable"}}', 400),
        ('{"error":{"code":500,"message":"wrong credentials"}}', 200),
        ('{"code":502,"message":"User does not exist"}', 200),
        ('{"code":503,"message":"success"}', 200),
        ('{"code":400,"message":"success"}', 200),
        ('{"message":"Endpoint request timed out"}', 200),
        ('{"message":"Request Timeout"}', 400),
        ('{"message":"Busy, please try again later"}', 200),
        ('{"error":"the backend timed out"}', 400),
        ('{"message":"error","message":"success"}', 200),
        ('{"message":"success","message":"success"}', 200),
        ('{"message":"error","errors":["no"],"message":"success","errors":[]}', 200),
        ('{"message":"error","mess\\u0061ge" : "success"}', 200),
        ('{"message":"error","errors":["a"],"errors":["b"]}', 200),
        ('{"error":{"code":500,"code":400,"message":"no"}}', 200),
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


#: What a firewall or a gateway on the way answers in the provider's place, about one request.
BLOCKING = [400, 405, 406, 410, 411, 413, 414, 415, 417, 418, 422, 426, 428, 431, 451]


@pytest.mark.parametrize("status", BLOCKING)
@pytest.mark.parametrize("body", [HTML, "", "{}", "blocked"])
def test_a_status_that_refuses_a_request_without_the_provider_s_words_may_be_about_that_request(
    body: str, status: int
) -> None:
    blocked = failure(body, status)

    assert type(blocked) is Blocked
    assert f"({status})" in blocked.detail
    assert "login" not in blocked.detail


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ('{"detail":"username taken"}', " in words that cannot be read,"),
        ("username taken", " in words that cannot be read,"),
        ('["username taken"]', " in words that cannot be read,"),
        (HTML, " with a web page,"),
        ("", ","),
        (" \n", ","),
    ],
)
def test_a_refusal_that_has_words_which_nobody_can_read_is_not_reported_as_one_without_any(body: str, how: str) -> None:
    assert failure(body, 422).detail.startswith(f"this request is refused (422){how} by the provider or ")


@pytest.mark.parametrize("status", [200, 404, 409, 500, 501])
@pytest.mark.parametrize("page", [HTML, "\n<!DOCTYPE html><p>Oops", "\ufeff<HTML>"])
def test_a_page_that_says_nothing_is_reported_as_a_page(page: str, status: int) -> None:
    unknown = failure(page, status)

    assert type(unknown) is OutcomeUnknown
    assert unknown.detail.startswith(f"a web page in place of the provider's answer ({status})")


def test_a_list_that_is_kept_by_a_firewall_is_blocked_too() -> None:
    with pytest.raises(Blocked):
        expect_rows(answer(HTML, 406))


def test_a_refused_login_names_the_settings_to_look_at() -> None:
    refused = failure(LOGINS[0])

    assert isinstance(refused, Unauthorized)
    assert refused.login is ProviderLogin.V2
    assert "PROVISIONING_PROVIDER__API_USER" in refused.detail


@pytest.mark.parametrize("body", [THROTTLED, HTML, LOGINS[0], ""])
def test_a_429_is_a_throttle_whatever_its_body_says(body: str) -> None:
    assert type(failure(body, 429)) is Throttled


def test_a_throttle_is_known_by_its_words_as_well() -> None:
    assert type(failure(THROTTLED, 200)) is Throttled


@pytest.mark.parametrize("body", ['{"error":{"code":429,"message":"slow down"}}', '{"code":"429","message":"slow"}'])
@pytest.mark.parametrize("status", [200, 400])
def test_a_throttle_is_known_by_the_code_in_its_body(body: str, status: int) -> None:
    assert type(failure(body, status)) is Throttled


@pytest.mark.parametrize(
    "body",
    [
        '{"message":"error","errors":["package is taken, please try again"]}',
        '{"error":{"code":400,"message":"the username is taken, try again"}}',
        '{"code":400,"message":"timeout is not a field"}',
        '{"code":"nonsense","message":"no"}',
        '{"code":true,"message":"no"}',
        '{"code":99999,"message":"no"}',
        '{"message":"User: \\"a:b\\" not found"}',
    ],
)
def test_a_refusal_is_one_in_whatever_words(body: str) -> None:
    assert type(failure(body)) is Rejected


@pytest.mark.parametrize("body", [SUCCESS, '{"message":"success","id":"a:b"}', '{"message":"success","code":200}'])
def test_a_success_may_say_more(body: str) -> None:
    expect_success(answer(body))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_an_answer(encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("e") else ""

    expect_success(answer(f'{mark}{{"message":"success"}}'.encode(encoding)))
    assert expect_rows(answer(f"{mark}[]".encode(encoding))) == []
    refusal = failure(f'{mark}{{"message":"error","errors":["Zoë ist vergeben"]}}'.encode(encoding))
    assert (type(refusal), refusal.errors) == (Rejected, ("Zoë ist vergeben",))


@pytest.mark.parametrize("body", [b"\n\xef\xbb\xbf\xef\xbb\xbf \n", b" \t"])
def test_blanks_and_marks_may_slip_out_before_an_answer(body: bytes) -> None:
    expect_success(answer(body + b'{"message":"success"}'))


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfea", b'\xef\xbb\xbf{"message":"success\xff"}'])
def test_a_mark_alone_or_before_what_is_no_text_says_nothing(body: bytes) -> None:
    assert type(failure(body)) is OutcomeUnknown


def test_behind_a_mark_a_declaration_of_xml_is_one_only_at_the_beginning() -> None:
    body = b'\xef\xbb\xbf{"message":"<?xml version=1?> success"}'

    assert parsed(body) == {"message": "<?xml version=1?> success"}


@pytest.mark.timeout(20)
def test_behind_a_mark_a_declaration_is_not_sought_again_and_again() -> None:
    assert parsed(b"\xef\xbb\xbf" + b"<?xml" * 40_000) is None


def test_an_empty_list_is_a_list() -> None:
    assert expect_rows(answer("[]")) == []


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (SUCCESS, 200, OutcomeUnknown),
        (ERRORS, 200, Rejected),
        (LOGINS[0], 200, Unauthorized),
        ("[]", 500, OutcomeUnknown),
        ('[{"username":"ada"}', 200, OutcomeUnknown),
        (HTML, 200, OutcomeUnknown),
        ("[]", 404, OutcomeUnknown),
        ("[]", 202, OutcomeUnknown),
        ("[]", 408, OutcomeUnknown),
        ("[]", 302, OutcomeUnknown),
        ("[]", 403, Unauthorized),
        ("[]", 429, Throttled),
    ],
)
def test_what_is_no_list_is_never_an_empty_one(body: str, status: int, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        expect_rows(answer(body, status))


def test_of_many_errors_the_first_twenty_are_reported() -> None:
    texts = [f"fault {number}" for number in range(50)]

    assert failure(json.dumps({"message": "error", "errors": texts})).errors == tuple(texts[:20])
