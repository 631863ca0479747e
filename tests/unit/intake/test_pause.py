"""When intake pauses, when it goes on, and how gently."""

import threading

import pytest

from tests.unit.intake.pausing import THREADS, UNKNOWN, V2, Watched
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.errors import ProviderError, ProviderLogin, Throttled
from worker.intake.causes import PauseCause, PausePolicy


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_ten_failures_of_three_customers_pause_also_when_nothing_ever_succeeded(watched: Watched) -> None:
    watched.fail(9, 3)
    assert watched.causes == set()

    watched.pause.failed("customer:2", UNKNOWN, V2)

    assert watched.causes == {PauseCause.OUTAGE}
    assert watched.allowed == 0
    assert watched.events == [("outage", "v2", True, UNKNOWN.detail)]


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
    assert watched.events[-1] == ("outage", "v2", False, "")


def test_the_probe_is_not_asked_before_its_time(watched: Watched) -> None:
    watched.fail(10, 3)

    watched.go_on(9.9)
    assert watched.probes == 0
    watched.go_on(0.1)

    assert watched.probes == 1


def test_the_backlog_comes_back_one_then_two_then_four(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)

    watched.succeed(*["customer:1"] * 5)

    assert watched.permits == [0, 1, 2, 4, 8]


def test_more_return_with_the_time_too_when_nobody_fails(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)

    for seconds, allowed in [(9.9, 1), (0.1, 2), (10.0, 4), (10.0, 8), (10.0, 8)]:
        watched.go_on(seconds)
        assert watched.allowed == allowed

    assert watched.permits == [0, 1, 2, 4, 8]


def test_a_failure_during_the_return_begins_it_anew(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)
    watched.succeed(*["customer:1"] * 2)
    assert watched.allowed == 4

    watched.fail(1, 1)

    assert watched.allowed == 1
    watched.succeed("customer:1")
    assert watched.allowed == 2


def test_a_failure_when_all_have_returned_slows_nobody_down(watched: Watched) -> None:
    watched.fail(1, 1)

    assert watched.permits == []


def test_a_success_during_a_pause_does_not_lift_it(watched: Watched) -> None:
    watched.fail(10, 3)

    watched.succeed("customer:7")

    assert watched.allowed == 0


def test_a_throttle_ends_by_time(watched: Watched) -> None:
    watched.pause.failed("customer:1", Throttled("slow down", 30.0), V2)
    assert (watched.causes, watched.allowed) == ({PauseCause.THROTTLED}, 0)

    watched.go_on(29.9)
    assert watched.causes == {PauseCause.THROTTLED}
    watched.go_on(0.1)

    assert (watched.causes, watched.allowed, watched.probes) == (set(), 1, 0)


@pytest.mark.parametrize("failure", [Throttled("slow down"), Throttled("slow down", 0.0)])
def test_a_throttle_that_names_no_time_lasts_a_second(watched: Watched, failure: ProviderError) -> None:
    watched.pause.failed("customer:1", failure, V2)

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
    assert [(cause, login, on) for cause, login, on, _ in watched.events] == [
        ("throttled", login, on) for on in (True, False) for login in ("v2", "v3")
    ]


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


def test_trouble_that_goes_on_is_reported_once(watched: Watched) -> None:
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    watched.clock.advance(0.5)
    watched.pause.hold(PauseCause.LEDGER, 1.0, "still locked")

    watched.go_on(0.9)

    assert watched.events == [("ledger", None, True, "locked")]
    assert watched.pause.causes[PauseCause.LEDGER].detail == "still locked"


def test_nothing_runs_until_the_last_cause_has_ended(watched: Watched) -> None:
    watched.pause.hold(PauseCause.PUBLISH, 1.0, "not confirmed")
    watched.pause.hold(PauseCause.LEDGER, 5.0, "locked")

    watched.go_on(1.0)
    assert (watched.causes, watched.allowed) == ({PauseCause.LEDGER}, 0)
    watched.go_on(4.0)

    assert (watched.causes, watched.allowed) == (set(), THREADS)


def test_whether_it_was_paused_since_then_is_known_during_the_pause_and_after_it(watched: Watched) -> None:
    now = watched.clock.now()
    assert not watched.pause.paused_since(V2, now)

    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    assert watched.pause.paused_since(V2, now + 99.0)
    watched.go_on(1.0)

    assert watched.pause.paused_since(V2, now + 1.0)
    assert not watched.pause.paused_since(V2, now + 1.1)


class Lifting(Watched):
    """Says when a pause is lifted."""

    def __init__(self, policy: PausePolicy) -> None:
        self.lifted = threading.Event()
        super().__init__(policy)

    def _allow(self, login: ProviderLogin, running: int) -> None:
        super()._allow(login, running)
        if login is V2 and running:
            self.lifted.set()


@pytest.mark.parametrize("cause", [PauseCause.OUTAGE, PauseCause.LEDGER])
def test_the_threads_end_a_pause_by_themselves(cause: PauseCause) -> None:
    watched = Lifting(PausePolicy(probe_seconds=0.0, threads=THREADS))
    watched.pause.start()

    if cause is PauseCause.OUTAGE:
        watched.fail(10, 3)
    else:
        watched.pause.hold(cause, 0.0, "locked")

    assert watched.lifted.wait(LONG)
    assert watched.pause.alive
    watched.pause.stop()
    assert not watched.pause.alive


def test_it_can_be_stopped_twice_and_before_it_was_started(watched: Watched) -> None:
    watched.pause.stop()
    watched.pause.stop()

    assert not watched.pause.alive
