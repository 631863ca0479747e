"""Answers the provider should never have given: what a client reads, and what the state is afterwards."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
import requests

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import ErrorShape, Fault, FaultRule, Garble, ThrottleHeaders
from sandbox.provider.remote import RemoteError, RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support.sandbox_calls import LONG, Caller

TEXT = "no <such> Łukasz & Zoë"


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture
def caller(server: RemoteSandbox) -> Iterator[Caller]:
    server.reset()
    with requests.Session() as session:
        session.trust_env = False
        yield Caller(server, session)


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_page_says_nothing_about_the_state(caller: Caller, status: int, *, applied: bool) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.ERROR_500, status=status, applied=applied))

    answer = caller.disable()

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert caller.is_active() is not applied


@pytest.mark.parametrize(
    ("fault", "status", "body"), [(Fault.EMPTY, 204, ""), (Fault.EMPTY, 502, ""), (Fault.HTML, 403, "<html>")]
)
def test_an_empty_answer_and_a_page_may_have_another_status(
    caller: Caller, fault: Fault, status: int, body: str
) -> None:
    caller.sandbox.inject(FaultRule(fault=fault, status=status, times=1))

    answer = caller.disable()

    assert (answer.status_code, answer.text[:6], caller.is_active()) == (status, body, True)
    assert caller.disable().json() == {"message": "success"}


@pytest.mark.parametrize("applied", [False, True])
def test_an_empty_answer_says_nothing_about_the_state(caller: Caller, *, applied: bool) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.EMPTY, applied=applied))

    answer = caller.disable()

    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    assert caller.is_active() is not applied
    assert caller.sandbox.journal()[0].answer == "empty"


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("garble", list(Garble))
def test_a_garbled_answer_is_well_formed_and_not_the_documented_one(
    caller: Caller, garble: Garble, *, applied: bool
) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.GARBLED, garble=garble, applied=applied))

    answer = caller.disable()

    assert answer.json() != {"message": "success"}
    assert (answer.status_code, caller.is_active()) == (200, not applied)


@pytest.mark.parametrize("garble", list(Garble))
def test_a_garbled_answer_to_a_call_in_xml_is_xml(caller: Caller, garble: Garble) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.GARBLED, garble=garble))

    answer = caller.disable(suffix="xml")

    assert ET.tostring(ET.fromstring(answer.content)) != b"<result><message>success</message></result>"  # noqa: S314 - our own server's
    assert answer.headers["Content-Type"] == "application/xml"


AS_JSON = {
    ErrorShape.ERR: {"message": "error", "errors": [TEXT]},
    ErrorShape.UNF: {"message": "User not found"},
    ErrorShape.NEST: {"error": {"code": 404, "message": TEXT}},
    ErrorShape.FLAT_CODE: {"code": 404, "message": TEXT},
    ErrorShape.FLAT_TEXT: {"error": TEXT},
    ErrorShape.V3ERR: {"errors": [{"field": None, "message": TEXT}]},
}
AS_XML = {
    ErrorShape.ERR: "<result><message>error</message><errors><error>{}</error></errors></result>",
    ErrorShape.UNF: "<result><message>User not found</message></result>",
    ErrorShape.NEST: "<error><code>404</code><message>{}</message></error>",
    ErrorShape.FLAT_CODE: "<result><code>404</code><message>{}</message></result>",
    ErrorShape.FLAT_TEXT: "<error>{}</error>",
    ErrorShape.V3ERR: "<errors><error><field /><message>{}</message></error></errors>",
}


@pytest.mark.parametrize("shape", list(ErrorShape))
def test_a_refusal_has_the_shape_of_the_rule_and_no_effect(caller: Caller, shape: ErrorShape) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REFUSED, error_shape=shape, status=404, text=TEXT))

    as_json, as_xml = caller.disable(), caller.disable(suffix="xml")

    assert (as_json.status_code, as_json.json()) == (404, AS_JSON[shape])
    assert b'encoding="ISO-8859-1"?>' in as_xml.content
    written = ET.tostring(ET.fromstring(as_xml.content), encoding="unicode")  # noqa: S314 - our own server's
    assert written == AS_XML[shape].format(TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    assert (caller.is_active(), [entry.effect for entry in caller.sandbox.journal()]) == (True, ["not_applied"] * 2)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 422])
def test_a_refusal_has_the_status_of_the_rule(caller: Caller, status: int) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REFUSED, error_shape=ErrorShape.NEST, status=status))

    answer = caller.disable()

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, max(status, 400))


def test_a_bare_text_is_labelled_as_html_as_it_was_recorded(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REFUSED, error_shape=ErrorShape.FLAT_TEXT, status=403))

    assert caller.disable().headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_points_below_a_path_of_its_own_and_applies_nothing(caller: Caller, status: int) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REDIRECT, operation="disable", status=status))

    answer = caller.disable()

    assert (answer.status_code, answer.headers["Location"]) == (status, "/moved/apiv2/reseller.manage.json")
    assert caller.is_active()


def test_a_client_that_follows_a_redirect_is_seen_in_the_journal_and_changes_nothing(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REDIRECT, operation="disable"))

    caller.disable(follow=True)

    first, second = caller.sandbox.journal()
    assert (first.answer, second.path) == ("redirect", "/moved/apiv2/reseller.manage.json")
    # The body came along, with the login that it holds.
    assert (second.api_user, second.effect, caller.is_active()) == ("acme", "refused", True)


def test_a_redirect_can_point_anywhere(caller: Caller) -> None:
    caller.sandbox.inject(FaultRule(fault=Fault.REDIRECT, location="http://127.0.0.1:9/elsewhere"))

    assert caller.disable().headers["Location"] == "http://127.0.0.1:9/elsewhere"


def throttled(caller: Caller, headers: ThrottleHeaders) -> list[tuple[str, str]]:
    """The names and values of a 429 that an answer without a fault does not have, as they were spelled."""
    usual = {name.lower() for name in caller.disable("aa@x.com").headers}
    caller.sandbox.inject(FaultRule(fault=Fault.THROTTLED, headers=headers))
    answer = caller.disable()
    assert answer.status_code == 429
    return [(name, value) for name, value in answer.headers.items() if name.lower() not in usual]


def test_a_throttled_answer_may_come_without_any_of_its_headers(caller: Caller) -> None:
    assert throttled(caller, ThrottleHeaders()) == []


def test_a_throttled_answer_may_say_the_seconds_to_wait(caller: Caller) -> None:
    assert throttled(caller, ThrottleHeaders(retry_after_seconds=6.2)) == [("Retry-After", "7")]


def test_a_throttled_answer_may_say_the_date_to_wait_for(caller: Caller) -> None:
    ((name, value),) = throttled(caller, ThrottleHeaders(retry_after_seconds=30, as_date=True))

    waited = parsedate_to_datetime(value).timestamp() - caller.sandbox.journal()[-1].epoch_seconds
    assert name == "Retry-After"
    assert 29 < waited <= 31 + LONG


def test_a_throttled_answer_may_spell_its_headers_oddly_and_carry_nonsense(caller: Caller) -> None:
    odd = ThrottleHeaders(reset_seconds=5, odd_case=True, verbatim=(("Retry-After", "soon"),))

    names = [name for name, _ in throttled(caller, odd)]

    assert names == ["x-rATElIMIT-lIMIT", "x-rATElIMIT-rEMAINING", "x-rATElIMIT-rESET", "Retry-After"]


def test_the_rules_in_force_are_listed_with_what_they_met(caller: Caller) -> None:
    second = FaultRule(fault=Fault.HTML, operation="disable", nth=2)
    caller.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    caller.sandbox.replace_faults(second, FaultRule(fault=Fault.EMPTY, username="aa@x.com"))

    assert caller.disable().json() == {"message": "success"}

    (listed, other) = caller.sandbox.faults()
    assert (listed.fault, listed.nth, listed.met, listed.befallen, other.met) == ("html", 2, 1, 0, 0)
    assert caller.disable().text.startswith("<html>")
    assert [rule.fault for rule in caller.sandbox.faults()] == [Fault.EMPTY]


def test_a_rule_that_contradicts_itself_is_refused_with_the_reason(caller: Caller) -> None:
    rule = json.dumps({"fault": "html", "byte_seconds": 3})

    answer = requests.post(f"{caller.sandbox.url}/_sandbox/faults", data=rule, timeout=LONG)

    assert (answer.status_code, "byte_seconds: it is for drip alone" in answer.text) == (422, True)
    with pytest.raises(RemoteError, match="Leave out status"):
        caller.sandbox.inject(FaultRule.model_construct(fault=Fault.SLOW, status=500))
