"""One call through the stand-in: login, fault, effect, journal."""

import json
from collections.abc import Callable

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.journal import Entry, Journal
from sandbox.provider.operations.reading import Request
from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.settings import AuthError, Switches
from sandbox.provider.standin import StandIn

Say = Callable[..., Answer]

DISABLE = {"method": "disable", "user": "a@x.com"}


def last(standin: StandIn) -> Entry:
    """The newest entry of the journal."""
    (entry,) = standin.journal.after(standin.journal.last - 1, 1)
    return entry


def spoiled(say: Say, standin: StandIn, rule: FaultRule) -> tuple[Answer, Entry]:
    """A disable that the rule befalls, and its line in the journal."""
    standin.faults.add([rule])
    return say("manage", **DISABLE), last(standin)


@pytest.mark.parametrize("action", ["add", "manage", "credential"])
def test_c63_a_wrong_key_is_refused_by_every_action(say: Say, standin: StandIn, action: str) -> None:
    answer = say(action, api_key="pw2", method="profile", task="get")

    assert json.loads(answer.body) == {"error": {"code": 401, "message": "Permission denied, wrong credentials"}}
    assert last(standin).effect == "refused"


def test_c63_by_switch_a_wrong_key_is_told_otherwise(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(auth_error=AuthError.HTML403)
    answer = say("manage", **DISABLE, api_key="")
    assert (answer.status, answer.media_type, answer.body) == (
        403,
        "text/html",
        b'{"error": "Bad username / password"}',
    )

    standin.switches = Switches(auth_error=AuthError.ERRORS)
    assert say("manage", **DISABLE, api_key="").kind is AnswerKind.ERR


def test_c27_an_unknown_task_is_not_found(say: Say) -> None:
    answer = say("manage", method="profile", task="ge")

    assert (answer.status, answer.body) == (404, b'{"error":{"code":404,"message":"Not found"}}')


@pytest.mark.parametrize("fault", [Fault.APPLY_THEN_DROP, Fault.SLOW, Fault.TRUNCATED])
def test_faults_after_the_effect_leave_it_behind(say: Say, standin: StandIn, fault: Fault) -> None:
    _, entry = spoiled(say, standin, FaultRule(fault=fault))

    assert (entry.fault, entry.effect, standin.accounts.version) == (fault, "changed", 1)


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.OUTAGE, Fault.ERROR_500, Fault.HTML, Fault.THROTTLED])
def test_faults_before_the_effect_leave_nothing(say: Say, standin: StandIn, fault: Fault) -> None:
    _, entry = spoiled(say, standin, FaultRule(fault=fault))

    assert (entry.fault, entry.effect, standin.accounts.version) == (fault, "not_applied", 0)


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.HTML, Fault.THROTTLED])
def test_some_faults_can_leave_the_effect_behind(say: Say, standin: StandIn, fault: Fault) -> None:
    answer, entry = spoiled(say, standin, FaultRule(fault=fault, applied=True))

    assert entry.effect == "changed"
    assert b"success" not in answer.body


def test_a_slow_call_waits_for_the_latency_and_its_own_delay(standin: StandIn) -> None:
    standin.latency_seconds = 0.5
    standin.faults.add([FaultRule(fault=Fault.SLOW, times=1, delay_seconds=30)])
    delays = [standin.delay_seconds(standin.arrive(Request("POST", "/"))) for _ in range(2)]

    assert delays == [30.5, 0.5]


def test_c70_calls_beyond_the_limit_are_answered_429_and_not_applied(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(rate_limit=1)
    say("manage", method="profile", task="get")

    answer = say("manage", **DISABLE)

    assert (answer.status, answer.kind, last(standin).effect) == (429, "v3err", "not_applied")
    assert [name for name, _ in answer.headers] == ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


def test_c70_by_switch_a_throttled_call_is_applied(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(rate_limit=1, throttle_applies=True)
    say("manage", method="profile", task="get")

    assert say("manage", **DISABLE).status == 429
    assert last(standin).effect == "changed"


def test_the_sequence_is_the_order_of_effects_not_of_arrivals(standin: StandIn) -> None:
    early, late = (standin.arrive(Request("POST", f"/{name}")) for name in ("early", "late"))

    standin.answer(late)
    standin.answer(early)

    assert [(entry.sequence, entry.arrival) for entry in standin.journal.after(0, 9)] == [(1, 2), (2, 1)]


def test_a_call_from_before_a_reset_has_no_effect_after_it(standin: StandIn) -> None:
    stray = standin.arrive(Request("POST", "/apiv2/reseller.manage.json"))
    standin.reset()

    assert standin.answer(stray).kind is AnswerKind.DROPPED
    assert (standin.journal.last, standin.in_flight) == (0, 0)


def test_a_reset_brings_back_the_seed_and_takes_faults_and_switches_away(say: Say, standin: StandIn) -> None:
    say("manage", **DISABLE)
    standin.switches = Switches(rate_limit=1)
    standin.faults.add([FaultRule(fault=Fault.OUTAGE)])

    standin.reset()

    assert (standin.accounts.version, standin.journal.last, standin.faults.armed) == (0, 0, ())
    assert say("manage", **DISABLE).kind is AnswerKind.OK


def test_the_journal_has_digests_of_secrets_and_names_of_what_stood_in_the_url(standin: StandIn) -> None:
    query = b"api_user=acme&api_key=pw&ip[]=10.0.0.1&password=topsecret"
    standin.answer(standin.arrive(Request("GET", "/apiv2/reseller.add.json", query, b"")))
    entry = last(standin)

    assert entry.query_names == ("api_user", "api_key", "password", "ip[]")
    assert entry.secret_digest == standin.seal.digest("topsecret")
    assert "topsecret" not in repr(entry)


def test_a_journal_forgets_its_oldest_entries_and_says_how_many(say: Say, standin: StandIn) -> None:
    standin.journal = Journal(limit=2)
    for _ in range(5):
        say("manage", **DISABLE)

    assert (standin.journal.last, standin.journal.dropped) == (5, 3)
    assert [entry.sequence for entry in standin.journal.after(0, 9)] == [4, 5]
    assert [entry.sequence for entry in standin.journal.after(4, 9)] == [5]
