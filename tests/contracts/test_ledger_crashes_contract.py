"""The port `Ledger` and its marks when processes die: what they died of is reported, and nothing else is charged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import LEASE_SECONDS, SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import alone, asking, failed_attempt, success, token_of
from worker.domain.claims import MOST_CRASHES, Crashed, Done, Fresh, Held, MarkedReading, Quarantined, Resumed
from worker.domain.ports import CrashMarks

LEASE_OVER = LEASE_SECONDS + 1
MARK, OTHER = b"m" * 32, b"o" * 32


class WholeLedger(PlainLedger, CrashMarks, Protocol):
    """Both ports: one ledger has them."""


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def start(rig: Rig) -> WholeLedger:
    ledger: WholeLedger = rig.start()  # type: ignore[assignment]  # every ledger has both ports
    return ledger


def after_a_crash(rig: Rig, ledger: PlainLedger) -> WholeLedger:
    """Let the process die, and start the next one once nobody need fear the dead one's lease."""
    rig.crash(ledger)
    rig.clock.advance(LEASE_OVER)
    return start(rig)


def after_a_stop(rig: Rig, ledger: PlainLedger) -> WholeLedger:
    """Let the process stop in order, and start the next one."""
    rig.stop(ledger)
    rig.clock.advance(1.0)
    return start(rig)


def settled(rig: Rig, ledger: PlainLedger) -> None:
    """Claim what another was at, and wait until the provider has settled."""
    assert isinstance(ledger.claim(asking()), Held)
    rig.clock.advance(SETTLE_SECONDS)


def crashed_alone(rig: Rig, ledger: WholeLedger, times: int) -> WholeLedger:
    """Let so many processes die while they are at the command alone; the next one has waited for the provider."""
    for _ in range(times):
        assert isinstance(ledger.claim(alone(asking())), Resumed)
        ledger = after_a_crash(rig, ledger)
        settled(rig, ledger)
    return ledger


def suspected(rig: Rig) -> WholeLedger:
    """Let a process die while it is at the command and others."""
    first = start(rig)
    first.claim(asking())
    ledger = after_a_crash(rig, first)
    settled(rig, ledger)
    return ledger


def test_what_a_process_died_with_is_given_alone(rig: Rig) -> None:
    ledger = suspected(rig)

    assert ledger.claim(asking()) == Quarantined()
    assert isinstance(ledger.claim(alone(asking())), Resumed)


def test_what_a_process_left_that_stopped_in_order_is_no_suspect(rig: Rig) -> None:
    first = start(rig)
    first.claim(asking())
    ledger = after_a_stop(rig, first)
    settled(rig, ledger)

    assert isinstance(ledger.claim(asking()), Resumed)


def test_what_was_put_off_or_never_begun_when_a_process_died_is_no_suspect(rig: Rig) -> None:
    first = start(rig)
    first.defer(token_of(first.claim(asking())), failed_attempt(rig.clock.now()))
    ledger = after_a_crash(rig, first)

    assert isinstance(ledger.claim(asking(redelivered=True)), Resumed)
    assert isinstance(ledger.claim(asking("evt_2")), Fresh)


def test_three_crashes_alone_end_it(rig: Rig) -> None:
    ledger = crashed_alone(rig, suspected(rig), MOST_CRASHES)

    claim = ledger.claim(asking())

    assert isinstance(claim, Crashed)
    assert claim.crashes == MOST_CRASHES
    ledger.record(claim.token, success())
    assert ledger.claim(asking()) == Done(success().event)


def test_two_crashes_alone_do_not(rig: Rig) -> None:
    ledger = crashed_alone(rig, suspected(rig), MOST_CRASHES - 1)

    assert ledger.claim(asking()) == Quarantined(MOST_CRASHES - 1)


def test_a_crash_before_it_runs_alone_is_not_its_own(rig: Rig) -> None:
    ledger = suspected(rig)
    for _ in range(MOST_CRASHES + 1):
        assert ledger.claim(asking()) == Quarantined()
        ledger = after_a_crash(rig, ledger)

    assert ledger.claim(asking()) == Quarantined()
    assert isinstance(ledger.claim(alone(asking())), Resumed)


def test_a_crash_while_the_provider_settles_is_not_its_own(rig: Rig) -> None:
    ledger = start(rig)
    ledger.claim(asking())
    for _ in range(MOST_CRASHES + 1):
        ledger = after_a_crash(rig, ledger)
        ledger.claim(asking())
    rig.clock.advance(SETTLE_SECONDS)

    assert ledger.claim(asking()) == Quarantined()


def test_stops_in_order_while_it_runs_alone_are_not_its_own(rig: Rig) -> None:
    ledger = suspected(rig)
    for _ in range(MOST_CRASHES + 1):
        assert isinstance(ledger.claim(alone(asking())), Resumed)
        ledger = after_a_stop(rig, ledger)
        settled(rig, ledger)

    assert ledger.claim(asking()) == Quarantined()


def test_what_was_put_off_after_it_ran_alone_runs_beside_others_again(rig: Rig) -> None:
    ledger = suspected(rig)
    ledger.defer(token_of(ledger.claim(alone(asking()))), failed_attempt(rig.clock.now()))

    assert isinstance(ledger.claim(asking()), Resumed)


def test_a_crash_beside_others_is_not_charged_to_what_once_ran_alone(rig: Rig) -> None:
    ledger = crashed_alone(rig, suspected(rig), MOST_CRASHES - 1)
    ledger.defer(token_of(ledger.claim(alone(asking()))), failed_attempt(rig.clock.now()))
    ledger.claim(asking())
    ledger = after_a_crash(rig, ledger)
    settled(rig, ledger)

    assert ledger.claim(asking()) == Quarantined(MOST_CRASHES - 1)


def test_the_same_process_claims_again_alone_what_it_was_at_alone(rig: Rig) -> None:
    ledger = suspected(rig)
    ledger.claim(alone(asking()))

    assert ledger.claim(asking()) == Quarantined()
    assert isinstance(ledger.claim(alone(asking())), Resumed)


def test_the_first_process_has_nothing_to_be_careful_about(rig: Rig) -> None:
    assert start(rig).last_death() is None


def test_a_death_is_known_until_a_process_stops_in_order(rig: Rig) -> None:
    second = after_a_crash(rig, start(rig))
    assert second.last_death() is not None

    assert after_a_stop(rig, second).last_death() is None


def test_another_death_is_another(rig: Rig) -> None:
    second = after_a_crash(rig, start(rig))
    death = second.last_death()

    assert after_a_crash(rig, second).last_death() != death


def test_deaths_while_a_message_was_read_are_counted(rig: Rig) -> None:
    ledger = start(rig)
    for crashes in range(MOST_CRASHES + 1):
        assert ledger.begin_reading(MARK) == MarkedReading(crashes)
        ledger = after_a_crash(rig, ledger)


def test_a_message_that_was_read_to_its_end_is_not_charged(rig: Rig) -> None:
    ledger = start(rig)
    ledger.begin_reading(MARK)
    ledger.begin_reading(OTHER)
    ledger.end_reading()
    ledger = after_a_crash(rig, ledger)

    assert ledger.begin_reading(MARK) == MarkedReading(0)
    assert ledger.begin_reading(OTHER) == MarkedReading(0)


def test_crashes_are_kept_when_the_message_is_not_marked_any_more(rig: Rig) -> None:
    ledger = start(rig)
    ledger.begin_reading(MARK)
    ledger = after_a_crash(rig, ledger)
    ledger.begin_reading(MARK)
    ledger.end_reading()

    assert ledger.begin_reading(MARK) == MarkedReading(1)


def test_reading_it_again_in_one_process_is_no_crash(rig: Rig) -> None:
    ledger = start(rig)
    ledger.begin_reading(MARK)

    assert ledger.begin_reading(MARK) == MarkedReading(0)


def test_a_stop_in_order_while_it_is_read_is_no_crash(rig: Rig) -> None:
    ledger = start(rig)
    ledger.begin_reading(MARK)

    assert after_a_stop(rig, ledger).begin_reading(MARK) == MarkedReading(0)
