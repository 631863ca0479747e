"""A pause is a row in the ledger: whoever begins or stands by knows it, verifies it, and believes it no longer."""

import pytest

from tests.fakes.ledger import FakeLedger
from tests.unit.intake.pausing import THREADS, UNKNOWN, V2, V3
from tests.unit.intake.replicas import ReplicaGroup
from worker.errors import Throttled, Unauthorized
from worker.intake.causes import PauseCause

LOGIN_REFUSED = Unauthorized("the provider refuses the v2 login (401)")


@pytest.fixture
def group() -> ReplicaGroup:
    return ReplicaGroup()


def test_an_outage_is_written_down_and_taken_away_when_it_is_over(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(10, 3)
    active.sharing.exchange()
    assert group.rows == {("outage", "v2")}
    assert group.storage.pauses["outage", "v2"].detail == UNKNOWN.detail

    active.go_on(10.0)

    assert group.rows == set()


@pytest.mark.parametrize("cause", [PauseCause.PUBLISH, PauseCause.LEDGER])
def test_trouble_of_our_own_is_nobody_else_s(group: ReplicaGroup, cause: PauseCause) -> None:
    active = group.replica()
    active.pause.hold(cause, 60.0, "locked")

    active.sharing.exchange()

    assert group.rows == set()


def test_a_process_that_begins_during_an_outage_is_paused_and_asks_the_probe_first(group: ReplicaGroup) -> None:
    dead = group.replica()
    dead.fail(10, 3)
    dead.sharing.exchange()

    successor = group.replica()
    assert (successor.causes, successor.allowed) == ({PauseCause.OUTAGE}, 0)
    assert successor.pause.causes[PauseCause.OUTAGE].detail == f"v2 commands wait: {UNKNOWN.detail}"
    assert successor.allowed_to(V3) == THREADS
    successor.probe_answers(UNKNOWN)
    successor.go_on(0.0)
    assert (successor.asked, successor.causes, group.rows) == ([V2], {PauseCause.OUTAGE}, {("outage", "v2")})
    successor.go_on(10.0)

    assert (successor.asked, successor.causes, successor.allowed) == ([V2, V2], set(), 1)
    assert group.rows == set()


def test_a_row_whose_writer_died_long_ago_costs_one_probe(group: ReplicaGroup) -> None:
    dead = group.replica()
    dead.fail(10, 3)
    dead.sharing.exchange()
    group.clock.advance(86_400.0)

    successor = group.replica()
    assert successor.allowed == 0
    successor.go_on(0.0)

    assert (successor.asked, successor.causes, group.rows) == ([V2], set(), set())


def test_one_that_stands_by_learns_of_a_pause_and_of_its_end(group: ReplicaGroup) -> None:
    standby, active = group.replica(), group.replica()
    active.fail(10, 3)
    active.sharing.exchange()

    standby.sharing.exchange()
    assert standby.allowed == 0
    standby.probe_answers(UNKNOWN)
    standby.go_on(0.0)
    active.go_on(10.0)
    standby.go_on(0.0)

    assert (active.causes, standby.causes, group.rows) == (set(), set(), set())


def test_what_one_that_stands_by_has_only_read_it_does_not_write_again(group: ReplicaGroup) -> None:
    standby, active = group.replica(), group.replica()
    active.fail(10, 3)
    active.sharing.exchange()
    standby.sharing.exchange()
    standby.probe_answers(UNKNOWN)
    active.go_on(10.0)
    assert group.rows == set()

    standby.go_on(0.0)

    assert (standby.causes, group.rows) == ({PauseCause.OUTAGE}, set())


def test_one_whose_calls_are_answered_believes_them_and_no_older_row(group: ReplicaGroup) -> None:
    standby, active = group.replica(), group.replica()
    standby.fail(10, 3)
    standby.sharing.exchange()
    active.clock.advance(1.0)
    active.succeed("ada")

    active.sharing.exchange()

    assert (active.causes, active.permits, group.rows) == (set(), [], set())


def test_an_outage_that_turns_out_to_be_a_refused_login_is_written_as_one(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(10, 3)
    active.sharing.exchange()
    active.probe_answers(LOGIN_REFUSED)

    active.go_on(10.0)

    assert (active.causes, group.rows) == ({PauseCause.UNAUTHORIZED}, {("unauthorized", "v2")})


def test_a_refused_login_is_asked_about_at_once_by_whoever_begins(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(1, 1, LOGIN_REFUSED)
    active.probe_answers(LOGIN_REFUSED)
    active.go_on(0.0)
    assert group.rows == {("unauthorized", "v2")}

    mended = group.replica()
    mended.go_on(0.0)

    assert (mended.asked, mended.causes, group.rows) == ([V2], set(), set())


def test_a_refused_login_that_was_read_and_stays_refused_is_asked_about_after_a_minute(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(1, 1, LOGIN_REFUSED)
    active.probe_answers(LOGIN_REFUSED)
    active.go_on(0.0)
    successor = group.replica()
    successor.probe_answers(LOGIN_REFUSED, LOGIN_REFUSED)

    for seconds, probes in [(0.0, 1), (59.9, 1), (0.1, 2)]:
        successor.go_on(seconds)
        assert successor.probes == probes


def test_a_throttle_is_kept_by_the_successor_until_its_time_and_no_longer(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(1, 1, Throttled("slow down", 30.0))
    active.sharing.exchange()

    successor = group.replica()
    successor.go_on(29.9)
    assert (successor.causes, successor.asked) == ({PauseCause.THROTTLED}, [])
    successor.go_on(0.1)
    assert (successor.causes, group.rows) == (set(), set())
    active.go_on(0.0)

    assert group.rows == set()


def test_a_throttle_that_is_over_is_taken_away_unread(group: ReplicaGroup) -> None:
    active = group.replica()
    active.fail(1, 1, Throttled("slow down", 30.0))
    active.sharing.exchange()
    group.clock.advance(31.0)

    successor = group.replica()

    assert (successor.events, group.rows) == ([], set())


def test_rows_of_another_version_are_left_alone(group: ReplicaGroup) -> None:
    FakeLedger(group.clock, group.storage).save_pause("eclipse", "v2", None, "of the sun")
    FakeLedger(group.clock, group.storage).save_pause("outage", "v4", None, "not ours")

    replica = group.replica()

    assert (replica.causes, len(group.rows)) == (set(), 2)
