"""When the probe is asked, and what its answers mean."""

import pytest

from tests.unit.intake.pausing import UNKNOWN, V2, Watched, refused
from worker.errors import ProviderError, Throttled, Unauthorized
from worker.intake.causes import PauseCause, PausePolicy

LOGIN_REFUSED = Unauthorized("the provider refuses the login (401)")


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.mark.parametrize("failure", [UNKNOWN, refused()])
def test_a_single_failure_asks_the_probe_after_a_second(watched: Watched, failure: ProviderError) -> None:
    watched.pause.failed("ada", failure, V2)

    watched.go_on(0.9)
    assert watched.probes == 0
    watched.go_on(0.1)

    assert (watched.probes, watched.causes) == (1, set())


def test_a_success_since_then_spares_the_probe(watched: Watched) -> None:
    watched.pause.failed("ada", UNKNOWN, V2)
    watched.clock.advance(0.5)
    watched.succeed("bob")

    watched.go_on(0.5)

    assert watched.probes == 0


def test_a_success_before_it_does_not(watched: Watched) -> None:
    watched.succeed("bob")
    watched.clock.advance(0.5)
    watched.pause.failed("ada", UNKNOWN, V2)

    watched.go_on(1.0)

    assert watched.probes == 1


def test_one_failure_is_asked_about_once(watched: Watched) -> None:
    watched.pause.failed("ada", UNKNOWN, V2)
    watched.go_on(1.0)

    watched.go_on(60.0)

    assert watched.probes == 1


@pytest.mark.parametrize("answer", [UNKNOWN, refused()])
def test_a_failure_that_the_probe_confirms_is_an_outage(watched: Watched, answer: ProviderError) -> None:
    watched.pause.failed("ada", UNKNOWN, V2)
    watched.probe_answers(answer)

    watched.go_on(1.0)

    assert (watched.causes, watched.allowed) == ({PauseCause.OUTAGE}, 0)
    watched.go_on(10.0)
    assert (watched.causes, watched.allowed) == (set(), 1)


def test_a_refused_login_is_asked_about_at_once(watched: Watched) -> None:
    watched.pause.failed("ada", LOGIN_REFUSED, V2)

    watched.go_on(0.0)

    assert (watched.probes, watched.causes) == (1, set())


def test_a_login_that_the_probe_is_refused_too_pauses_for_a_minute_at_least(watched: Watched) -> None:
    watched.pause.failed("ada", LOGIN_REFUSED, V2)
    watched.probe_answers(LOGIN_REFUSED)
    watched.go_on(0.0)
    assert (watched.causes, watched.allowed) == ({PauseCause.UNAUTHORIZED}, 0)

    watched.go_on(59.9)
    assert watched.probes == 1
    watched.go_on(0.1)

    assert (watched.probes, watched.causes, watched.allowed) == (2, set(), 1)


def test_a_login_that_stays_refused_is_asked_about_ever_more_seldom(watched: Watched) -> None:
    watched.pause.failed("ada", LOGIN_REFUSED, V2)
    watched.probe_answers(*[LOGIN_REFUSED] * 7)
    watched.go_on(0.0)

    for probes, seconds in enumerate([60.0, 120.0, 240.0, 480.0, 600.0, 600.0], start=1):
        assert watched.pause.causes[PauseCause.UNAUTHORIZED].interval_seconds == seconds
        watched.go_on(seconds - 1.0)
        assert watched.probes == probes
        watched.go_on(1.0)

    assert watched.causes == {PauseCause.UNAUTHORIZED}


def test_a_refused_login_is_never_asked_about_more_often_than_an_outage() -> None:
    watched = Watched(PausePolicy(probe_seconds=90.0))
    watched.pause.failed("ada", LOGIN_REFUSED, V2)
    watched.probe_answers(LOGIN_REFUSED)
    watched.go_on(0.0)

    watched.go_on(89.0)

    assert watched.probes == 1


def test_an_outage_that_turns_out_to_be_a_refused_login_is_one(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.probe_answers(LOGIN_REFUSED)

    watched.go_on(10.0)

    assert watched.causes == {PauseCause.UNAUTHORIZED}
    assert watched.events[-1] == ("outage", "v2", False, "")
    assert watched.allowed == 0


def test_a_throttled_probe_leaves_the_outage_open(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.probe_answers(Throttled("slow down", 3.0))

    watched.go_on(10.0)
    assert watched.causes == {PauseCause.OUTAGE, PauseCause.THROTTLED}
    watched.go_on(3.0)
    assert (watched.causes, watched.probes) == ({PauseCause.OUTAGE}, 1)
    watched.go_on(7.0)

    assert (watched.causes, watched.probes) == (set(), 2)


def test_a_refused_login_is_not_forgotten_when_the_next_probe_meets_an_outage(watched: Watched) -> None:
    watched.pause.failed("ada", LOGIN_REFUSED, V2)
    watched.probe_answers(LOGIN_REFUSED, UNKNOWN)
    watched.go_on(0.0)

    watched.go_on(60.0)

    assert watched.causes == {PauseCause.UNAUTHORIZED, PauseCause.OUTAGE}
    watched.go_on(10.0)
    assert watched.causes == set()


def test_failures_of_calls_that_were_under_way_do_not_ask_again_during_the_pause(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.pause.failed("late", UNKNOWN, V2)

    watched.go_on(1.0)

    assert watched.probes == 0


def test_failures_of_calls_that_were_under_way_do_not_put_the_probe_off(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.clock.advance(5.0)
    watched.fail(5, 5)

    watched.go_on(5.0)

    assert (watched.probes, watched.causes) == (1, set())


def test_a_failure_during_a_throttle_is_asked_about_after_it(watched: Watched) -> None:
    watched.pause.failed("ada", Throttled("slow down", 5.0), V2)
    watched.pause.failed("bob", UNKNOWN, V2)

    watched.go_on(4.9)
    assert watched.probes == 0
    watched.go_on(0.1)

    assert watched.probes == 1


def test_after_the_pause_one_bad_spell_is_not_counted_again(watched: Watched) -> None:
    watched.fail(10, 3)
    watched.go_on(10.0)

    watched.fail(9, 3)

    assert watched.causes == set()
