"""The port `Ledger` when several processes work on one storage, as they do with PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.ledger_rigs import LEASE_SECONDS, SETTLE_SECONDS, Rig, make_rig
from tests.support.ledger_samples import alone, asking, failed_attempt, failure, success, token_of
from worker.domain.claims import LOOK_AGAIN_SECONDS, Conflict, Done, Fresh, Held, Resumed
from worker.errors import ClaimLost, LedgerError

LEASE_OVER = LEASE_SECONDS + 1


@pytest.fixture(params=["fake", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


def test_what_a_living_process_is_at_is_held_and_soon_asked_for_again(rig: Rig) -> None:
    active, standby = rig.start(), rig.start()
    active.claim(asking())

    assert standby.claim(asking()) == Held(rig.clock.now() + LOOK_AGAIN_SECONDS)


def test_what_a_living_process_has_put_off_is_taken_by_the_one_that_consumes_now(rig: Rig) -> None:
    active, standby = rig.start(), rig.start()
    late = token_of(active.claim(asking()))
    active.defer(late, failed_attempt(rig.clock.now()))

    assert isinstance(standby.claim(asking()), Resumed)
    assert isinstance(active.claim(asking()), Held)
    with pytest.raises(ClaimLost):
        active.record(late, success())


def test_what_another_process_finished_is_published_at_once(rig: Rig) -> None:
    active, standby = rig.start(), rig.start()
    active.record(token_of(active.claim(asking())), success())

    assert standby.claim(asking()) == Done(success().event)
    assert standby.claim(asking(content=[b"b" * 32])) == Conflict()


def test_of_two_processes_that_claim_at_once_one_wins(rig: Rig) -> None:
    processes = rig.start(), rig.start()
    ids = [f"evt_{number}" for number in range(20)]
    with ThreadPoolExecutor(2) as pool:
        claims = list(pool.map(lambda process: [process.claim(asking(id_)) for id_ in ids], processes))

    kinds = [{type(one), type(other)} for one, other in zip(*claims, strict=True)]
    assert kinds == [{Fresh, Held}] * len(ids)


def test_a_frozen_process_loses_what_it_was_at(rig: Rig) -> None:
    frozen, standby = rig.start(), rig.start()
    frozen.claim(asking())
    rig.clock.advance(LEASE_OVER)

    assert standby.claim(asking()) == Held(rig.clock.now() + SETTLE_SECONDS)
    rig.clock.advance(SETTLE_SECONDS)
    assert isinstance(standby.claim(alone(asking())), Resumed)


def test_the_late_record_of_a_frozen_process_is_refused(rig: Rig) -> None:
    frozen, standby = rig.start(), rig.start()
    late = token_of(frozen.claim(asking()))
    rig.clock.advance(LEASE_OVER)
    standby.claim(asking())

    with pytest.raises(LedgerError):
        frozen.record(late, failure())
    rig.clock.advance(SETTLE_SECONDS)
    assert isinstance(standby.claim(alone(asking())), Resumed)


def test_the_late_deferral_of_a_frozen_process_is_refused(rig: Rig) -> None:
    frozen, standby = rig.start(), rig.start()
    late = token_of(frozen.claim(asking()))
    rig.clock.advance(LEASE_OVER)
    standby.claim(asking())

    with pytest.raises(LedgerError):
        frozen.defer(late, failed_attempt(0.0))


def test_a_frozen_process_that_was_replaced_may_not_write_to_the_provider(rig: Rig) -> None:
    frozen, standby = rig.start(), rig.start()
    frozen.claim(asking())
    rig.clock.advance(LEASE_OVER)
    standby.claim(asking())

    assert not frozen.lease_holds()


def test_a_frozen_process_whom_nobody_replaced_may_record(rig: Rig) -> None:
    frozen, standby = rig.start(), rig.start()
    late = token_of(frozen.claim(asking()))
    rig.clock.advance(LEASE_OVER)

    frozen.record(late, success())

    assert standby.claim(asking()) == Done(success().event)


def test_a_process_that_died_keeps_others_waiting_until_its_lease_ends(rig: Rig) -> None:
    dying, standby = rig.start(), rig.start()
    dying.claim(asking())
    until = rig.clock.now() + LEASE_SECONDS
    rig.crash(dying)

    assert standby.claim(asking()) == Held(rig.clock.now() + LOOK_AGAIN_SECONDS)
    rig.clock.advance(LEASE_SECONDS - LOOK_AGAIN_SECONDS / 2)
    assert standby.claim(asking()) == Held(until)
