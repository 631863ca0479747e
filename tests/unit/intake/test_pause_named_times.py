"""No call is made before the time that the provider named, whichever answer named it and whoever read it."""

import pytest

from tests.unit.intake.pausing import UNKNOWN, V2, V3, PauseRig
from tests.unit.intake.replicas import ReplicaGroup
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS
from worker.errors import Blocked, NotSent, OutcomeUnknown, ProviderError, Throttled, Unauthorized
from worker.intake.causes import PauseCause, PausePolicy
from worker.provider.answers import expect_success
from worker.provider.wire.transport import HttpAnswer

DAY = 86_400.0


@pytest.fixture
def rig() -> PauseRig:
    return PauseRig()


def named(failure: ProviderError, seconds: float) -> ProviderError:
    """Let a failure name a time for all calls, as a 503 does."""
    failure.retry_after_seconds, failure.waits_for_all = seconds, True
    return failure


@pytest.mark.parametrize("failure", [OutcomeUnknown("503"), NotSent("no list: 503"), Unauthorized("503")])
def test_neither_a_command_nor_the_probe_asks_before_the_time_a_failure_names(
    rig: PauseRig, failure: ProviderError
) -> None:
    rig.pause.failed("ada", named(failure, 120.0), V2)
    assert (rig.causes, rig.allowed, rig.allowed_to(V3)) == ({PauseCause.THROTTLED}, 0, 8)

    rig.go_on(119.9)
    assert (rig.probes, rig.allowed) == (0, 0)
    rig.go_on(0.1)

    assert (rig.probes, rig.causes, rig.allowed) == (1, set(), 1)


@pytest.mark.parametrize("status", [202, 302, 401, 403, 404, 413])
def test_a_time_beside_the_answer_to_one_request_holds_up_nobody_else_and_not_the_probe(
    rig: PauseRig, status: int
) -> None:
    with pytest.raises(ProviderError) as raised:
        expect_success(HttpAnswer(status, {"Retry-After": "3600"}, b"<html>"))

    for _ in range(6):
        rig.pause.failed("ada", raised.value, V2)
    assert (rig.causes, rig.allowed) == (set(), 8)
    rig.go_on(10.0)

    assert (rig.probes, rig.causes, rig.allowed) == (1, set(), 8)


def test_a_pause_of_requests_that_are_all_refused_does_not_say_that_others_are_answered(rig: PauseRig) -> None:
    rig.probe_answers(Blocked(413))
    rig.fail(10, 3, Blocked(413))
    rig.go_on(0.0)

    assert "this request is refused (413)" in rig.pause.causes[PauseCause.OUTAGE].detail
    assert "others" not in rig.pause.causes[PauseCause.OUTAGE].detail


def test_a_probe_that_is_refused_with_a_time_is_asked_again_at_its_own_interval(rig: PauseRig) -> None:
    refused = Unauthorized("403")
    refused.retry_after_seconds = 3600.0
    rig.pause.failed("ada", refused, V2)
    rig.probe_answers(refused)
    rig.go_on(0.0)
    assert rig.causes == {PauseCause.UNAUTHORIZED}

    rig.go_on(60.0)

    assert (rig.probes, rig.causes) == (2, set())


def test_an_outage_is_not_asked_about_before_the_time_that_one_of_its_failures_named(rig: PauseRig) -> None:
    rig.fail(9, 3)
    rig.fail(1, 1, named(OutcomeUnknown("503"), 120.0))
    assert rig.causes == {PauseCause.OUTAGE, PauseCause.THROTTLED}

    rig.go_on(119.9)
    assert rig.probes == 0
    rig.go_on(0.1)

    assert rig.probes == 1


@pytest.mark.parametrize("answer", [OutcomeUnknown("503"), Unauthorized("503"), Throttled("429")])
def test_a_probe_that_is_given_a_time_waits_for_it(rig: PauseRig, answer: ProviderError) -> None:
    rig.fail(10, 3)
    rig.probe_answers(named(answer, 120.0))
    rig.go_on(10.0)
    assert rig.probes == 1

    rig.go_on(119.9)
    assert rig.probes == 1
    rig.go_on(0.1)

    assert rig.probes == 2


def test_a_throttle_during_a_refused_login_is_waited_for(rig: PauseRig) -> None:
    rig.pause.failed("ada", Unauthorized("401"), V2)
    rig.probe_answers(Unauthorized("401"))
    rig.go_on(0.0)
    rig.pause.exhausted(300.0)

    rig.go_on(299.9)
    assert rig.probes == 1
    rig.go_on(0.1)

    assert rig.probes == 2


def test_a_time_that_is_over_asks_for_no_pause(rig: PauseRig) -> None:
    rig.pause.failed("ada", named(OutcomeUnknown("503"), 0.0), V2)

    assert rig.causes == set()


def test_who_takes_over_asks_nothing_before_the_time_either() -> None:
    group = ReplicaGroup()
    dead = group.replica()
    dead.fail(9, 3)
    dead.fail(1, 1, named(OutcomeUnknown("503"), 120.0))
    dead.sharing.exchange()

    successor = group.replica()
    successor.go_on(119.9)
    assert successor.probes == 0
    successor.go_on(0.1)

    assert (successor.probes, successor.causes) == (1, set())


@pytest.mark.parametrize("back", [7_200.0, 30 * DAY])
@pytest.mark.parametrize(("named_seconds", "waited"), [(2.0, 2.0), (900.0, 900.0), (DAY, LONGEST_PAUSE_SECONDS)])
def test_a_throttle_read_by_a_clock_that_was_set_back_lasts_no_longer_than_it_ever_was_to(
    back: float, named_seconds: float, waited: float
) -> None:
    group = ReplicaGroup()
    group.replica().pause.failed("ada", UNKNOWN, V2)
    dead = group.replica()
    dead.fail(1, 1, Throttled("slow down", named_seconds))
    dead.sharing.exchange()
    group.clock.advance(-back)

    successor = group.replica()
    successor.go_on(waited - 0.1)
    assert successor.causes == {PauseCause.THROTTLED}
    successor.go_on(0.1)

    assert (successor.causes, group.rows) == (set(), set())


@pytest.mark.parametrize("back", [7_200.0, 30 * DAY])
def test_an_outage_read_by_a_clock_that_was_set_back_costs_one_probe(back: float) -> None:
    group = ReplicaGroup()
    dead = group.replica()
    dead.fail(10, 3)
    dead.sharing.exchange()
    group.clock.advance(-back)

    successor = group.replica()
    successor.go_on(0.0)

    assert (successor.probes, successor.causes, group.rows) == (1, set(), set())


def test_the_probe_of_a_short_interval_keeps_to_the_time_as_well() -> None:
    rig = PauseRig(PausePolicy(probe_seconds=0.5, threads=8))
    rig.pause.failed("ada", named(OutcomeUnknown("503"), 5.0), V2)

    rig.go_on(4.9)
    assert rig.probes == 0
    rig.go_on(0.1)

    assert rig.probes == 1
