"""When the probe is asked, and what its answers mean."""

import pytest

from tests.unit.intake.pausing import UNKNOWN, V2, PauseRig, refused
from worker.errors import ProviderError, Throttled, Unauthorized
from worker.intake.causes import PauseCause, PausePolicy

LOGIN_REFUSED = Unauthorized("the provider refuses the login (401)")


@pytest.fixture
def rig() -> PauseRig:
    return PauseRig()


@pytest.mark.parametrize("failure", [UNKNOWN, refused()])
def test_a_single_failure_asks_the_probe_after_a_second(rig: PauseRig, failure: ProviderError) -> None:
    rig.pause.failed("ada", failure, V2)

    rig.go_on(0.9)
    assert rig.probes == 0
    rig.go_on(0.1)

    assert (rig.probes, rig.causes) == (1, set())


def test_a_success_since_then_spares_the_probe(rig: PauseRig) -> None:
    rig.pause.failed("ada", UNKNOWN, V2)
    rig.clock.advance(0.5)
    rig.succeed("bob")

    rig.go_on(0.5)

    assert rig.probes == 0


def test_a_success_before_it_does_not(rig: PauseRig) -> None:
    rig.succeed("bob")
    rig.clock.advance(0.5)
    rig.pause.failed("ada", UNKNOWN, V2)

    rig.go_on(1.0)

    assert rig.probes == 1


def test_one_failure_is_asked_about_once(rig: PauseRig) -> None:
    rig.pause.failed("ada", UNKNOWN, V2)
    rig.go_on(1.0)

    rig.go_on(60.0)

    assert rig.probes == 1


@pytest.mark.parametrize("answer", [UNKNOWN, refused()])
def test_a_failure_that_the_probe_confirms_is_an_outage(rig: PauseRig, answer: ProviderError) -> None:
    rig.pause.failed("ada", UNKNOWN, V2)
    rig.probe_answers(answer)

    rig.go_on(1.0)

    assert (rig.causes, rig.allowed) == ({PauseCause.OUTAGE}, 0)
    rig.go_on(10.0)
    assert (rig.causes, rig.allowed) == (set(), 1)


def test_a_refused_login_is_asked_about_at_once(rig: PauseRig) -> None:
    rig.pause.failed("ada", LOGIN_REFUSED, V2)

    rig.go_on(0.0)

    assert (rig.probes, rig.causes) == (1, set())


def test_a_login_that_the_probe_is_refused_too_pauses_for_a_minute_at_least(rig: PauseRig) -> None:
    rig.pause.failed("ada", LOGIN_REFUSED, V2)
    rig.probe_answers(LOGIN_REFUSED)
    rig.go_on(0.0)
    assert (rig.causes, rig.allowed) == ({PauseCause.UNAUTHORIZED}, 0)

    rig.go_on(59.9)
    assert rig.probes == 1
    rig.go_on(0.1)

    assert (rig.probes, rig.causes, rig.allowed) == (2, set(), 1)


def test_a_login_that_stays_refused_is_asked_about_ever_more_seldom(rig: PauseRig) -> None:
    rig.pause.failed("ada", LOGIN_REFUSED, V2)
    rig.probe_answers(*[LOGIN_REFUSED] * 7)
    rig.go_on(0.0)

    for probes, seconds in enumerate([60.0, 120.0, 240.0, 480.0, 600.0, 600.0], start=1):
        assert rig.pause.causes[PauseCause.UNAUTHORIZED].interval_seconds == seconds
        rig.go_on(seconds - 1.0)
        assert rig.probes == probes
        rig.go_on(1.0)

    assert rig.causes == {PauseCause.UNAUTHORIZED}


def test_a_refused_login_is_never_asked_about_more_often_than_an_outage() -> None:
    rig = PauseRig(PausePolicy(probe_seconds=90.0))
    rig.pause.failed("ada", LOGIN_REFUSED, V2)
    rig.probe_answers(LOGIN_REFUSED)
    rig.go_on(0.0)

    rig.go_on(89.0)

    assert rig.probes == 1


def test_an_outage_that_turns_out_to_be_a_refused_login_is_one(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.probe_answers(LOGIN_REFUSED)

    rig.go_on(10.0)

    assert rig.causes == {PauseCause.UNAUTHORIZED}
    assert rig.events[-1] == ("outage", "v2", False, "")
    assert rig.allowed == 0


def test_a_throttled_probe_leaves_the_outage_open(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.probe_answers(Throttled("slow down", 3.0))

    rig.go_on(10.0)
    assert rig.causes == {PauseCause.OUTAGE, PauseCause.THROTTLED}
    rig.go_on(3.0)
    assert (rig.causes, rig.probes) == ({PauseCause.OUTAGE}, 1)
    rig.go_on(7.0)

    assert (rig.causes, rig.probes) == (set(), 2)


def test_a_refused_login_is_not_forgotten_when_the_next_probe_meets_an_outage(rig: PauseRig) -> None:
    rig.pause.failed("ada", LOGIN_REFUSED, V2)
    rig.probe_answers(LOGIN_REFUSED, UNKNOWN)
    rig.go_on(0.0)

    rig.go_on(60.0)

    assert rig.causes == {PauseCause.UNAUTHORIZED, PauseCause.OUTAGE}
    rig.go_on(10.0)
    assert rig.causes == set()


def test_failures_of_calls_that_were_under_way_do_not_ask_again_during_the_pause(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.pause.failed("late", UNKNOWN, V2)

    rig.go_on(1.0)

    assert rig.probes == 0


def test_failures_of_calls_that_were_under_way_do_not_put_the_probe_off(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.clock.advance(5.0)
    rig.fail(5, 5)

    rig.go_on(5.0)

    assert (rig.probes, rig.causes) == (1, set())


def test_a_failure_during_a_throttle_is_asked_about_after_it(rig: PauseRig) -> None:
    rig.pause.failed("ada", Throttled("slow down", 5.0), V2)
    rig.pause.failed("bob", UNKNOWN, V2)

    rig.go_on(4.9)
    assert rig.probes == 0
    rig.go_on(0.1)

    assert rig.probes == 1


def test_after_the_pause_one_bad_spell_is_not_counted_again(rig: PauseRig) -> None:
    rig.fail(10, 3)
    rig.go_on(10.0)

    rig.fail(9, 3)

    assert rig.causes == set()
