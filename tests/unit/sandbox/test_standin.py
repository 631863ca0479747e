"""One call through the stand-in: login, fault, effect, journal."""

from collections.abc import Callable

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.journal import Journal, JournalEntry
from sandbox.provider.operations.reading import Request
from sandbox.provider.operations.replies import AnswerKind, ProviderAnswer
from sandbox.provider.settings import Switches
from sandbox.provider.standin import StandIn

Say = Callable[..., ProviderAnswer]

DISABLE = {"method": "disable", "user": "a@x.com"}


def last(standin: StandIn) -> JournalEntry:
    """The newest entry of the journal."""
    (entry,) = standin.journal.after(standin.journal.last - 1, 1)
    return entry


def spoiled(say: Say, standin: StandIn, rule: FaultRule) -> tuple[ProviderAnswer, JournalEntry]:
    """A disable that the rule befalls, and its line in the journal."""
    standin.faults.add([rule])
    return say("manage", **DISABLE), last(standin)


def test_a_slow_call_waits_for_the_latency_and_its_own_delay(standin: StandIn) -> None:
    standin.latency_seconds = 0.5
    standin.faults.add([FaultRule(fault=Fault.SLOW, times=1, delay_seconds=30)])
    delays = [standin.delay_seconds(standin.arrive(Request("POST", "/"))) for _ in range(2)]

    assert delays == [30.5, 0.5]


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
