"""Each login has a pause of its own: what is refused, fails or is throttled with one stops nothing of the other."""

import threading

import pytest

from tests.unit.intake.pausing import THREADS, UNKNOWN, V2, V3, PauseRig
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.domain.retry_policy import Blame
from worker.domain.telemetry import IntakeResumed, TelemetryEvent
from worker.errors import OutcomeUnknown, ProviderError, ProviderLogin, Throttled, Unauthorized
from worker.intake.causes import PauseCause, PausePolicy

OTHER = {V2: V3, V3: V2}


@pytest.fixture
def rig() -> PauseRig:
    return PauseRig()


@pytest.fixture(params=[V2, V3])
def login(request: pytest.FixtureRequest) -> ProviderLogin:
    chosen: ProviderLogin = request.param
    return chosen


def refusal(login: ProviderLogin) -> Unauthorized:
    return Unauthorized(f"the provider refuses the {login} login (401)", login=login)


def test_a_refused_login_stops_the_commands_that_need_it_and_no_others(rig: PauseRig, login: ProviderLogin) -> None:
    rig.fail(1, 1, refusal(login), login)
    rig.probe_answers(refusal(login), login=login)

    rig.look()

    assert (rig.allowed_to(login), rig.allowed_to(OTHER[login])) == (0, THREADS)
    assert rig.asked == [login]
    assert set(rig.pause.held) == {(PauseCause.UNAUTHORIZED, login)}
    words = rig.pause.causes[PauseCause.UNAUTHORIZED].detail
    assert words == f"{login} commands wait: the provider refuses the {login} login (401)"


def test_a_refused_v3_key_is_asked_about_after_a_minute_and_then_ever_more_seldom(rig: PauseRig) -> None:
    rig.fail(1, 1, refusal(V3), V3)
    rig.probe_answers(refusal(V3), refusal(V3), login=V3)
    rig.look()

    for seconds, probes in [(59.9, 1), (0.1, 2), (119.9, 2), (0.1, 3)]:
        rig.go_on(seconds)
        assert rig.asked == [V3] * probes

    assert (rig.causes, rig.allowed_to(V3)) == (set(), 1)


@pytest.mark.parametrize(
    ("failure", "cause"), [(UNKNOWN, PauseCause.OUTAGE), (Throttled("slow down", 9.0), PauseCause.THROTTLED)]
)
def test_failures_with_one_login_are_not_held_against_the_other(
    rig: PauseRig, login: ProviderLogin, failure: ProviderError, cause: PauseCause
) -> None:
    rig.fail(20, 5, failure, login)

    assert set(rig.pause.held) == {(cause, login)}
    assert (rig.allowed_to(login), rig.allowed_to(OTHER[login])) == (0, THREADS)


def test_failures_are_counted_for_each_login(rig: PauseRig) -> None:
    rig.fail(9, 3, login=V2)
    rig.fail(9, 3, login=V3)
    assert rig.causes == set()

    rig.fail(1, 1, login=V3)

    assert set(rig.pause.held) == {(PauseCause.OUTAGE, V3)}


def test_a_success_with_one_login_proves_nothing_about_the_other(rig: PauseRig, login: ProviderLogin) -> None:
    failed_at = rig.clock.now()
    rig.fail(1, 1, login=login)
    rig.clock.advance(0.5)

    rig.succeed("ada", "bob", login=OTHER[login])
    assert rig.pause.blame("customer:0", login, failed_at) is Blame.OPEN
    rig.go_on(0.5)

    # Nobody's success has followed the failure, so the probe of its own login was asked.
    assert rig.asked == [login]
    assert rig.pause.blame("customer:0", login, failed_at) is Blame.COMMAND
    assert rig.pause.blame("customer:0", OTHER[login], rig.clock.now()) is Blame.OPEN


def test_trouble_of_our_own_stops_both_and_is_reported_once(rig: PauseRig) -> None:
    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    assert (rig.allowed_to(V2), rig.allowed_to(V3)) == (0, 0)
    assert rig.pause.causes[PauseCause.LEDGER].detail == "locked"

    rig.go_on(1.0)

    assert (rig.allowed_to(V2), rig.allowed_to(V3)) == (THREADS, THREADS)
    assert rig.events == [("ledger", None, True, "locked"), ("ledger", None, False, "")]


def test_the_words_distinguish_what_each_login_suffers(rig: PauseRig) -> None:
    rig.fail(10, 3, OutcomeUnknown("500"), V2)
    rig.fail(10, 3, OutcomeUnknown("502"), V3)

    assert rig.pause.causes[PauseCause.OUTAGE].detail == "v2 commands wait: 500; v3 commands wait: 502"


def test_the_end_for_one_login_reports_whether_the_other_still_waits(rig: PauseRig) -> None:
    rig.fail(10, 3, login=V2)
    rig.fail(10, 3, login=V3)
    rig.probe_answers(UNKNOWN, login=V3)
    rig.go_on(10.0)
    rig.go_on(10.0)
    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    rig.pause.release(PauseCause.LEDGER)

    assert rig.resumed == [
        IntakeResumed("outage", "v2", held=True),
        IntakeResumed("outage", "v3", held=False),
        IntakeResumed("ledger", None, held=False),
    ]


class Hanging(PauseRig):
    """The probe of v2 hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__(PausePolicy(probe_seconds=0.0, threads=THREADS))
        self.hangs, self.let_go, self.lifted = threading.Event(), threading.Event(), threading.Event()

    def emit(self, event: TelemetryEvent) -> None:
        super().emit(event)
        if isinstance(event, IntakeResumed) and (event.cause, event.login) == ("outage", "v3"):
            self.lifted.set()

    def _ask_v2(self) -> None:
        self.asked.append(V2)
        self.hangs.set()
        assert self.let_go.wait(LONG)


def test_a_probe_that_hangs_holds_up_nobody_and_is_not_asked_twice() -> None:
    rig = Hanging()
    rig.pause._probes = {V2: rig._ask_v2, V3: rig._probe(V3)}
    rig.pause.start()

    rig.fail(10, 3, login=V2)
    assert rig.hangs.wait(LONG)
    rig.fail(10, 3, login=V3)
    assert rig.lifted.wait(LONG)
    rig.pause.hold(PauseCause.PUBLISH, 0.0, "not confirmed")
    rig.fail(3, 3, login=V2)
    rig.succeed("ada", login=V2)

    assert (PauseCause.OUTAGE, V2) in rig.pause.held
    rig.let_go.set()
    rig.pause.stop()
    assert rig.asked.count(V2) == 1
