"""The port `Ledger`: what a handler notes before it writes, and what it asks about its customer's other commands."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import alone, asking, failed_attempt, failure, from_shop, key, success, token_of
from worker.domain.claims import Done, History, Resumed, Token
from worker.errors import ClaimLost

ADA = "ada@example.com"


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> PlainLedger:
    return rig.start()


def applied(ledger: PlainLedger, id_: str, username: str | None = ADA, type_: str = "DisableCustomer") -> None:
    ledger.record(token_of(ledger.claim(asking(id_, username=username, type_=type_))), success(f"event of {id_}"))


def created(ledger: PlainLedger) -> Token:
    return token_of(ledger.claim(asking("evt_1", username=ADA)))


def test_a_note_comes_back_with_the_history_it_was_written_beside(rig: Rig, ledger: PlainLedger) -> None:
    history = History(attempts=2, charged_attempts=1, seconds_used=3.5, begun=True)
    token = token_of(ledger.claim(asking()))
    ledger.note(token, "what was there: é\u4e2d")
    ledger.defer(token, failed_attempt(rig.clock.now(), history))

    claim = ledger.claim(asking())

    assert isinstance(claim, Resumed)
    assert claim.history == History(
        attempts=2, charged_attempts=1, seconds_used=3.5, begun=True, note="what was there: é\u4e2d"
    )


def test_a_deferral_takes_no_note_away_and_brings_none(rig: Rig, ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking()))
    ledger.defer(token, failed_attempt(rig.clock.now(), History(attempts=1, note="not written down")))
    unnoted = ledger.claim(asking())
    ledger.note(token_of(unnoted), "first")
    ledger.note(token_of(unnoted), "second")
    ledger.defer(token_of(unnoted), failed_attempt(rig.clock.now(), History(attempts=2)))

    claim = ledger.claim(asking())

    assert isinstance(unnoted, Resumed)
    assert isinstance(claim, Resumed)
    assert (unnoted.history.note, claim.history.note) == (None, "second")


def test_a_note_survives_the_process_that_wrote_it(rig: Rig, ledger: PlainLedger) -> None:
    ledger.note(token_of(ledger.claim(asking())), "written down")
    rig.crash(ledger)
    rig.clock.advance(16.0)
    successor = rig.start()
    successor.claim(asking())
    rig.clock.advance(SETTLE_SECONDS)

    claim = successor.claim(alone(asking()))

    assert isinstance(claim, Resumed)
    assert (claim.history.begun, claim.history.note) == (True, "written down")


def test_a_note_needs_the_newest_token_of_a_command_that_has_not_ended(ledger: PlainLedger) -> None:
    older = token_of(ledger.claim(asking()))
    newer = token_of(ledger.claim(asking()))

    with pytest.raises(ClaimLost):
        ledger.note(older, "too late")
    ledger.record(newer, success())
    with pytest.raises(ClaimLost):
        ledger.note(newer, "too late")
    assert ledger.claim(asking()) == Done(success().event)


def test_a_note_is_its_own_command_s(ledger: PlainLedger) -> None:
    ledger.note(token_of(ledger.claim(asking())), "written down")
    ledger.claim(from_shop(asking()))

    claim = ledger.claim(from_shop(asking()))

    assert isinstance(claim, Resumed)
    assert claim.history.note is None


@pytest.mark.parametrize("username", [ADA, ADA.upper()])
def test_a_later_command_of_the_customer_that_was_applied_is_known(ledger: PlainLedger, username: str) -> None:
    token = created(ledger)
    applied(ledger, "evt_2", username)

    assert ledger.later_applied("ADA@example.com", token)


def test_a_later_command_from_another_source_under_the_same_id_is_known(ledger: PlainLedger) -> None:
    token = created(ledger)
    ledger.record(token_of(ledger.claim(from_shop(asking("evt_1", username=ADA)))), success())

    assert ledger.later_applied(ADA, token)


def test_nothing_else_is_a_later_command_that_was_applied(rig: Rig, ledger: PlainLedger) -> None:
    applied(ledger, "evt_0")
    token = created(ledger)
    ledger.claim(asking("evt_2", username=ADA, type_="DisableCustomer"))
    ledger.defer(token_of(ledger.claim(asking("evt_3", username=ADA))), failed_attempt(rig.clock.now()))
    ledger.record(token_of(ledger.claim(asking("evt_4", username=ADA))), failure("event of evt_4"))
    applied(ledger, "evt_5", "eve@example.com")
    applied(ledger, "evt_6", None, "RetrieveCustomers")
    applied(ledger, "evt_7", ADA, "RetrieveCustomers")

    assert not ledger.later_applied(ADA, token)


def test_what_counts_is_when_the_command_itself_arrived_and_not_its_namesake(ledger: PlainLedger) -> None:
    namesake = replace(asking("evt_1", username="eve@example.com"), key=key("evt_1", "another source"))
    ledger.claim(namesake)
    applied(ledger, "evt_0")

    assert not ledger.later_applied(ADA, created(ledger))


def test_its_own_success_is_no_later_command(ledger: PlainLedger) -> None:
    token = created(ledger)
    ledger.record(token, success())

    assert not ledger.later_applied(ADA, token)
