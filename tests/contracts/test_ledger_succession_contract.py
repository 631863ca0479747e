"""The port `Ledger` when a process died and the next one takes over, alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import alone, asking, failed_attempt, refusal, success, token_of
from worker.domain.claims import Conflict, Done, Held, History, Resumed

LEASE_OVER = 16.0


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> PlainLedger:
    return rig.start()


def next_process(rig: Rig, ledger: PlainLedger) -> PlainLedger:
    """Let the process die, and start another one once nobody need fear the dead one's lease."""
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    return rig.start()


def test_the_next_process_publishes_what_the_dead_one_finished(rig: Rig, ledger: PlainLedger) -> None:
    ledger.record(token_of(ledger.claim(asking())), success())

    assert next_process(rig, ledger).claim(asking()) == Done(success().event)


def test_what_a_dead_process_was_at_waits_for_the_provider_to_settle(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking())
    successor = next_process(rig, ledger)
    settled_at = rig.clock.now() + SETTLE_SECONDS

    assert successor.claim(asking(redelivered=True)) == Held(settled_at)
    rig.clock.advance(SETTLE_SECONDS - 1)
    assert successor.claim(asking(redelivered=True)) == Held(settled_at)


def test_what_a_dead_process_was_at_may_have_been_applied(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking())
    successor = next_process(rig, ledger)
    successor.claim(asking())
    rig.clock.advance(SETTLE_SECONDS)

    claim = successor.claim(alone(asking(redelivered=True)))

    assert isinstance(claim, Resumed)
    assert claim.history.begun


def test_what_a_dead_process_had_put_off_is_given_at_once(rig: Rig, ledger: PlainLedger) -> None:
    history = History(attempts=4, charged_attempts=3, seconds_used=8.5)
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(rig.clock.now() + 5, history))

    claim = next_process(rig, ledger).claim(asking(redelivered=True))

    assert isinstance(claim, Resumed)
    assert claim.history == history


def test_what_a_dead_process_had_put_off_keeps_its_time(rig: Rig, ledger: PlainLedger) -> None:
    until = rig.clock.now() + 300
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(until))

    assert next_process(rig, ledger).claim(asking()) == Held(until)


def test_a_successor_that_dies_while_it_waits_costs_no_second_wait(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking())
    successor = next_process(rig, ledger)
    successor.claim(asking())

    claim = next_process(rig, successor).claim(alone(asking()))

    assert isinstance(claim, Resumed)
    assert claim.history.begun


def test_the_next_process_still_finds_conflicts_creates_and_refusals(rig: Rig, ledger: PlainLedger) -> None:
    ledger.claim(asking("evt_1"))
    ledger.refuse(refusal(body=b"first"))
    successor = next_process(rig, ledger)

    assert successor.claim(asking("evt_1", content=[b"b" * 32])) == Conflict()
    assert successor.refuse(refusal(body=b"second")) == refusal(body=b"first")
    assert successor.other_create("ada@example.com", token_of(successor.claim(asking("evt_2"))))
