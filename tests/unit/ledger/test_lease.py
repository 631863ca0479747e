"""The lease as this process sees it."""

import pytest

from tests.fakes.clock import FakeClock
from worker.ledger.operations.leasing import Lease


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lease(clock: FakeClock) -> Lease:
    lease = Lease("us", 15.0, clock)
    lease.grant(lease.next_term())
    return lease


def test_a_lease_that_was_never_granted_does_not_hold(clock: FakeClock) -> None:
    lease = Lease("us", 15.0, clock)

    assert not lease.holds()
    assert lease.is_due()


def test_a_granted_lease_holds_but_for_its_last_tenth(lease: Lease, clock: FakeClock) -> None:
    clock.advance(13.4)
    assert lease.holds()
    clock.advance(0.2)
    assert not lease.holds()


def test_a_renewal_is_due_after_a_third(lease: Lease, clock: FakeClock) -> None:
    clock.advance(4.9)
    assert not lease.is_due()
    clock.advance(0.1)
    assert lease.is_due()


def test_a_term_counts_from_before_its_commit(lease: Lease, clock: FakeClock) -> None:
    term = lease.next_term()
    clock.advance(10)
    lease.grant(term)
    clock.advance(4)

    assert not lease.holds()


def test_a_machine_that_was_suspended_has_lost_its_lease(lease: Lease, clock: FakeClock) -> None:
    clock.set_wall(clock.now() + 3600)

    assert not lease.holds()
    assert lease.is_due()


def test_a_wall_clock_set_back_prolongs_nothing(lease: Lease, clock: FakeClock) -> None:
    clock.set_wall(clock.now() - 3600)
    clock.advance(15)

    assert not lease.holds()


def test_an_ended_lease_does_not_hold(lease: Lease) -> None:
    lease.end()

    assert not lease.holds()
