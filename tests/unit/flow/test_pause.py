"""When intake pauses, when it goes on, and how gently."""

import threading

import pytest

from tests.unit.flow.pausing import THREADS, UNKNOWN, Watched
from tests.unit.flow.stage import LONG
from worker.errors import ProviderError, ProviderLogin, Throttled, Unauthorized
from worker.flow.pause import PauseCause, PausePolicy


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_ten_failures_of_three_customers_pause_also_when_nothing_ever_succeeded(watched: Watched) -> None:
    watched.fail(9, 3)
    assert watched.causes == set()

    watched.pause.failed("customer:2", UNKNOWN)

    assert watched.causes == {PauseCause.OUTAGE}
    assert watched.allowed == 0
    assert watched.heard == [("outage", True, UNKNOWN.detail)]


def test_failures_of_two_customers_are_theirs(watched: Watched) -> None:
    watched.fail(20, 2)

    assert watched.causes == set()


def test_an_outage_ends_with_a_probe_that_succeeds_and_not_by_time(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.probe_answers(UNKNOWN, UNKNOWN)

    for probes in (1, 2):
        watched.go_on(10.0)
        assert (watched.probes, watched.causes) == (probes, {PauseCause.OUTAGE})
    watched.go_on(10.0)

    assert watched.causes == set()
    assert watched.heard[-1] == ("outage", False, "")


def test_the_probe_is_not_asked_before_its_time(watched: Watched) -> None:
    watched.fail(10, 3)

    watched.go_on(9.9)
    assert watched.probes == 0
    watched.go_on(0.1)

    assert watched.probes == 1


def test_the_backlog_comes_back_one_then_two_then_four(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)

    for _ in range(5):
        watched.pause.succeeded("customer:1")

    assert watched.permits == [0, 1, 2, 4, 8]


def test_a_success_during_a_pause_does_not_lift_it(watched: Watched) -> None:
    watched.fail(10, 3)

    watched.pause.succeeded("customer:7")

    assert watched.allowed == 0


def test_a_throttle_ends_by_time(watched: Watched) -> None:
    watched.pause.failed("customer:1", Throttled("slow down", 30.0))
    assert (watched.causes, watched.allowed) == ({PauseCause.THROTTLED}, 0)

    watched.go_on(29.9)
    assert watched.causes == {PauseCause.THROTTLED}
    watched.go_on(0.1)

    assert (watched.causes, watched.allowed, watched.probes) == (set(), 1, 0)


@pytest.mark.parametrize("failure", [Throttled("slow down"), Throttled("slow down", 0.0)])
def test_a_throttle_that_names_no_time_lasts_a_second(watched: Watched, failure: ProviderError) -> None:
    watched.pause.failed("customer:1", failure)

    watched.go_on(0.9)
    assert watched.causes == {PauseCause.THROTTLED}
    watched.go_on(0.1)

    assert watched.causes == set()


def test_throttles_say_nothing_about_the_provider_s_health(watched: Watched) -> None:
    watched.fail(20, 5, Throttled("slow down", 1.0))

    assert watched.causes == {PauseCause.THROTTLED}
    watched.go_on(1.0)
    assert (watched.causes, watched.probes) == (set(), 0)


def test_a_limit_that_is_used_up_holds_until_its_reset(watched: Watched) -> None:
    watched.pause.exhausted(30.0)
    watched.pause.exhausted(10.0)
    assert (watched.causes, watched.allowed) == ({PauseCause.THROTTLED}, 0)

    watched.go_on(29.9)
    assert watched.causes == {PauseCause.THROTTLED}
    watched.go_on(0.1)

    assert (watched.causes, watched.allowed, watched.probes) == (set(), 1, 0)
    assert [(cause, on) for cause, on, _ in watched.heard] == [("throttled", True), ("throttled", False)]


def test_a_refused_v3_key_holds_up_nobody_and_asks_nothing(watched: Watched) -> None:
    watched.fail(20, 5, Unauthorized("the provider refuses the v3 login (401)", login=ProviderLogin.V3))

    watched.go_on(60.0)

    assert (watched.causes, watched.allowed, watched.probes) == (set(), THREADS, 0)


def test_refused_v3_keys_are_not_counted_beside_other_failures(watched: Watched) -> None:
    watched.fail(5, 3)
    watched.fail(20, 3, Unauthorized("the provider refuses the v3 login (401)", login=ProviderLogin.V3))
    watched.fail(4, 3)
    assert watched.causes == set()

    watched.fail(1, 1)

    assert watched.causes == {PauseCause.OUTAGE}


@pytest.mark.parametrize("cause", [PauseCause.PUBLISH, PauseCause.LEDGER])
def test_trouble_of_our_own_ends_by_time(watched: Watched, cause: PauseCause) -> None:
    watched.pause.hold(cause, 1.0, "the broker did not confirm")
    assert watched.allowed == 0

    watched.go_on(1.0)

    assert (watched.causes, watched.allowed, watched.probes) == (set(), THREADS, 0)


def test_trouble_of_our_own_does_not_end_the_gentle_return(watched: Watched) -> None:
    watched.pause.hold(PauseCause.THROTTLED, 1.0, "slow down")
    watched.go_on(1.0)
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")

    watched.go_on(1.0)

    assert (watched.causes, watched.allowed) == (set(), 1)


def test_a_shorter_wait_asked_for_later_does_not_shorten_a_longer_one(watched: Watched) -> None:
    watched.fail(1, 1, Throttled("slow down", 60.0))
    watched.fail(1, 1, Throttled("slow down", None))

    watched.go_on(30.0)

    assert watched.causes == {PauseCause.THROTTLED}


def test_trouble_that_goes_on_is_told_of_once(watched: Watched) -> None:
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    watched.clock.advance(0.5)
    watched.pause.hold(PauseCause.LEDGER, 1.0, "still locked")

    watched.go_on(0.9)

    assert watched.heard == [("ledger", True, "locked")]
    assert watched.pause.causes[PauseCause.LEDGER].detail == "still locked"


def test_nothing_runs_until_the_last_cause_has_ended(watched: Watched) -> None:
    watched.pause.hold(PauseCause.PUBLISH, 1.0, "not confirmed")
    watched.pause.hold(PauseCause.LEDGER, 5.0, "locked")

    watched.go_on(1.0)
    assert (watched.causes, watched.allowed) == ({PauseCause.LEDGER}, 0)
    watched.go_on(4.0)

    assert (watched.causes, watched.allowed) == (set(), THREADS)


def test_another_customer_s_success_is_the_proof(watched: Watched) -> None:
    watched.pause.succeeded("ada")
    now = watched.clock.now()

    assert watched.pause.proven_well_at("ada") is None
    assert watched.pause.proven_well_at("bob") == now


def test_a_probe_s_success_is_proof_for_everybody(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)

    assert watched.pause.proven_well_at("customer:1") == watched.clock.now()


def test_the_thread_ends_a_pause_by_itself() -> None:
    watched, lifted = Watched(PausePolicy(probe_seconds=0.0, threads=THREADS)), threading.Event()
    watched.pause._allow = lambda limit: lifted.set() if limit else None
    watched.pause.start()

    watched.fail(10, 3)

    assert lifted.wait(LONG)
    assert watched.pause.alive
    watched.pause.stop()
    assert not watched.pause.alive


def test_it_can_be_stopped_twice_and_before_it_was_started(watched: Watched) -> None:
    watched.pause.stop()
    watched.pause.stop()

    assert not watched.pause.alive
