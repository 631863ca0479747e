"""When intake pauses, when it goes on, and how gently."""

import threading

import pytest

from tests.unit.intake.pausing import THREADS, UNKNOWN, V2, PauseRig
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.errors import ProviderError, ProviderLogin, Throttled
from worker.intake.causes import PauseCause, PausePolicy


@pytest.fixture
def rig() -> PauseRig:
    return PauseRig()


def test_ten_failures_of_three_customers_pause_also_when_nothing_ever_succeeded(rig: PauseRig) -> None:
    rig.fail(9, 3)
    assert rig.causes == set()

    rig.pause.failed("customer:2", UNKNOWN, V2)

    assert rig.causes == {PauseCause.OUTAGE}
    assert rig.allowed == 0
    assert rig.events == [("outage", "v2", True, UNKNOWN.detail)]


def test_failures_of_two_customers_are_theirs(rig: PauseRig) -> None:
    rig.fail(20, 2)

    assert rig.causes == set()


def test_an_outage_ends_with_a_probe_that_succeeds_and_not_by_time(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.probe_answers(UNKNOWN, UNKNOWN)

    for probes in (1, 2):
        rig.go_on(10.0)
        assert (rig.probes, rig.causes) == (probes, {PauseCause.OUTAGE})
    rig.go_on(10.0)

    assert rig.causes == set()
    assert rig.events[-1] == ("outage", "v2", False, "")


def test_the_probe_is_not_asked_before_its_time(rig: PauseRig) -> None:
    rig.fail(10, 3)

    rig.go_on(9.9)
    assert rig.probes == 0
    rig.go_on(0.1)

    assert rig.probes == 1


def test_the_backlog_comes_back_one_then_two_then_four(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.go_on(10.0)

    rig.succeed(*["customer:1"] * 5)

    assert rig.permits == [0, 1, 2, 4, 8]


def test_more_return_with_the_time_too_when_nobody_fails(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.go_on(10.0)

    for seconds, allowed in [(9.9, 1), (0.1, 2), (10.0, 4), (10.0, 8), (10.0, 8)]:
        rig.go_on(seconds)
        assert rig.allowed == allowed

    assert rig.permits == [0, 1, 2, 4, 8]


def test_a_failure_during_the_return_begins_it_anew(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.go_on(10.0)
    rig.succeed(*["customer:1"] * 2)
    assert rig.allowed == 4

    rig.fail(1, 1)

    assert rig.allowed == 1
    rig.succeed("customer:1")
    assert rig.allowed == 2


def test_a_failure_when_all_have_returned_slows_nobody_down(rig: PauseRig) -> None:
    rig.fail(1, 1)

    assert rig.permits == []


def test_a_success_during_a_pause_does_not_lift_it(rig: PauseRig) -> None:
    rig.fail(10, 3)

    rig.succeed("customer:7")

    assert rig.allowed == 0


def test_a_throttle_ends_by_time(rig: PauseRig) -> None:
    rig.pause.failed("customer:1", Throttled("slow down", 30.0), V2)
    assert (rig.causes, rig.allowed) == ({PauseCause.THROTTLED}, 0)

    rig.go_on(29.9)
    assert rig.causes == {PauseCause.THROTTLED}
    rig.go_on(0.1)

    assert (rig.causes, rig.allowed, rig.probes) == (set(), 1, 0)


@pytest.mark.parametrize("failure", [Throttled("slow down"), Throttled("slow down", 0.0)])
def test_a_throttle_that_names_no_time_lasts_a_second(rig: PauseRig, failure: ProviderError) -> None:
    rig.pause.failed("customer:1", failure, V2)

    rig.go_on(0.9)
    assert rig.causes == {PauseCause.THROTTLED}
    rig.go_on(0.1)

    assert rig.causes == set()


def test_throttles_say_nothing_about_the_provider_s_health(rig: PauseRig) -> None:
    rig.fail(20, 5, Throttled("slow down", 1.0))

    assert rig.causes == {PauseCause.THROTTLED}
    rig.go_on(1.0)
    assert (rig.causes, rig.probes) == (set(), 0)


def test_a_limit_that_is_used_up_holds_until_its_reset(rig: PauseRig) -> None:
    rig.pause.exhausted(30.0)
    rig.pause.exhausted(10.0)
    assert (rig.causes, rig.allowed) == ({PauseCause.THROTTLED}, 0)

    rig.go_on(29.9)
    assert rig.causes == {PauseCause.THROTTLED}
    rig.go_on(0.1)

    assert (rig.causes, rig.allowed, rig.probes) == (set(), 1, 0)
    assert [(cause, login, on) for cause, login, on, _ in rig.events] == [
        ("throttled", login, on) for on in (True, False) for login in ("v2", "v3")
    ]


@pytest.mark.parametrize("cause", [PauseCause.PUBLISH, PauseCause.LEDGER])
def test_trouble_of_our_own_ends_by_time(rig: PauseRig, cause: PauseCause) -> None:
    rig.pause.hold(cause, 1.0, "the broker did not confirm")
    assert rig.allowed == 0

    rig.go_on(1.0)

    assert (rig.causes, rig.allowed, rig.probes) == (set(), THREADS, 0)


def test_trouble_of_our_own_does_not_end_the_gentle_return(rig: PauseRig) -> None:
    rig.pause.hold(PauseCause.THROTTLED, 1.0, "slow down")
    rig.go_on(1.0)
    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")

    rig.go_on(1.0)

    assert (rig.causes, rig.allowed) == (set(), 1)


def test_a_shorter_wait_asked_for_later_does_not_shorten_a_longer_one(rig: PauseRig) -> None:
    rig.fail(1, 1, Throttled("slow down", 60.0))
    rig.fail(1, 1, Throttled("slow down", None))

    rig.go_on(30.0)

    assert rig.causes == {PauseCause.THROTTLED}


def test_trouble_that_goes_on_is_reported_once(rig: PauseRig) -> None:
    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    rig.clock.advance(0.5)
    rig.pause.hold(PauseCause.LEDGER, 1.0, "still locked")

    rig.go_on(0.9)

    assert rig.events == [("ledger", None, True, "locked")]
    assert rig.pause.causes[PauseCause.LEDGER].detail == "still locked"


def test_nothing_runs_until_the_last_cause_has_ended(rig: PauseRig) -> None:
    rig.pause.hold(PauseCause.PUBLISH, 1.0, "not confirmed")
    rig.pause.hold(PauseCause.LEDGER, 5.0, "locked")

    rig.go_on(1.0)
    assert (rig.causes, rig.allowed) == ({PauseCause.LEDGER}, 0)
    rig.go_on(4.0)

    assert (rig.causes, rig.allowed) == (set(), THREADS)


def test_whether_it_was_paused_since_then_is_known_during_the_pause_and_after_it(rig: PauseRig) -> None:
    now = rig.clock.now()
    assert not rig.pause.paused_since(V2, now)

    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    assert rig.pause.paused_since(V2, now + 99.0)
    rig.go_on(1.0)

    assert rig.pause.paused_since(V2, now + 1.0)
    assert not rig.pause.paused_since(V2, now + 1.1)


class Lifting(PauseRig):
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
    rig = Lifting(PausePolicy(probe_seconds=0.0, threads=THREADS))
    rig.pause.start()

    if cause is PauseCause.OUTAGE:
        rig.fail(10, 3)
    else:
        rig.pause.hold(cause, 0.0, "locked")

    assert rig.lifted.wait(LONG)
    assert rig.pause.alive
    rig.pause.stop()
    assert not rig.pause.alive


def test_it_can_be_stopped_twice_and_before_it_was_started(rig: PauseRig) -> None:
    rig.pause.stop()
    rig.pause.stop()

    assert not rig.pause.alive
