"""Each login has a pause of its own: what is refused, fails or is throttled with one stops nothing of the other."""

import threading

import pytest

from tests.unit.intake.pausing import THREADS, UNKNOWN, V2, V3, Watched
from tests.unit.pipeline.dispatcher_rig import LONG
from worker.domain.recoverability import Blame
from worker.domain.telemetry import IntakeResumed, TelemetryEvent
from worker.errors import OutcomeUnknown, ProviderError, ProviderLogin, Throttled, Unauthorized
from worker.intake.causes import PauseCause, PausePolicy

OTHER = {V2: V3, V3: V2}


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture(params=[V2, V3])
def login(request: pytest.FixtureRequest) -> ProviderLogin:
    chosen: ProviderLogin = request.param
    return chosen


def refusal(login: ProviderLogin) -> Unauthorized:
    return Unauthorized(f"the provider refuses the {login} login (401)", login=login)


def test_a_refused_login_stops_the_commands_that_need_it_and_no_others(watched: Watched, login: ProviderLogin) -> None:
    watched.fail(1, 1, refusal(login), login)
    watched.probe_answers(refusal(login), login=login)

    watched.look()

    assert (watched.allowed_to(login), watched.allowed_to(OTHER[login])) == (0, THREADS)
    assert watched.asked == [login]
    assert set(watched.pause.held) == {(PauseCause.UNAUTHORIZED, login)}
    words = watched.pause.causes[PauseCause.UNAUTHORIZED].detail
    assert words == f"{login} commands wait: the provider refuses the {login} login (401)"


def test_a_refused_v3_key_is_asked_about_after_a_minute_and_then_ever_more_seldom(watched: Watched) -> None:
    watched.fail(1, 1, refusal(V3), V3)
    watched.probe_answers(refusal(V3), refusal(V3), login=V3)
    watched.look()

    for seconds, probes in [(59.9, 1), (0.1, 2), (119.9, 2), (0.1, 3)]:
        watched.go_on(seconds)
        assert watched.asked == [V3] * probes

    assert (watched.causes, watched.allowed_to(V3)) == (set(), 1)


@pytest.mark.parametrize(
    ("failure", "cause"), [(UNKNOWN, PauseCause.OUTAGE), (Throttled("slow down", 9.0), PauseCause.THROTTLED)]
)
def test_failures_with_one_login_are_not_held_against_the_other(
    watched: Watched, login: ProviderLogin, failure: ProviderError, cause: PauseCause
) -> None:
    watched.fail(20, 5, failure, login)

    assert set(watched.pause.held) == {(cause, login)}
    assert (watched.allowed_to(login), watched.allowed_to(OTHER[login])) == (0, THREADS)


def test_failures_are_counted_for_each_login(watched: Watched) -> None:
    watched.fail(9, 3, login=V2)
    watched.fail(9, 3, login=V3)
    assert watched.causes == set()

    watched.fail(1, 1, login=V3)

    assert set(watched.pause.held) == {(PauseCause.OUTAGE, V3)}


def test_a_success_with_one_login_proves_nothing_about_the_other(watched: Watched, login: ProviderLogin) -> None:
    failed_at = watched.clock.now()
    watched.fail(1, 1, login=login)
    watched.clock.advance(0.5)

    watched.succeed("ada", "bob", login=OTHER[login])
    assert watched.pause.blame("customer:0", login, failed_at) is Blame.OPEN
    watched.go_on(0.5)

    # Nobody's success has followed the failure, so the probe of its own login was asked.
    assert watched.asked == [login]
    assert watched.pause.blame("customer:0", login, failed_at) is Blame.COMMAND
    assert watched.pause.blame("customer:0", OTHER[login], watched.clock.now()) is Blame.OPEN


def test_trouble_of_our_own_stops_both_and_is_reported_once(watched: Watched) -> None:
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    assert (watched.allowed_to(V2), watched.allowed_to(V3)) == (0, 0)
    assert watched.pause.causes[PauseCause.LEDGER].detail == "locked"

    watched.go_on(1.0)

    assert (watched.allowed_to(V2), watched.allowed_to(V3)) == (THREADS, THREADS)
    assert watched.events == [("ledger", None, True, "locked"), ("ledger", None, False, "")]


def test_the_words_distinguish_what_each_login_suffers(watched: Watched) -> None:
    watched.fail(10, 3, OutcomeUnknown("500"), V2)
    watched.fail(10, 3, OutcomeUnknown("502"), V3)

    assert watched.pause.causes[PauseCause.OUTAGE].detail == "v2 commands wait: 500; v3 commands wait: 502"


def test_the_end_for_one_login_reports_whether_the_other_still_waits(watched: Watched) -> None:
    watched.fail(10, 3, login=V2)
    watched.fail(10, 3, login=V3)
    watched.probe_answers(UNKNOWN, login=V3)
    watched.go_on(10.0)
    watched.go_on(10.0)
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")
    watched.pause.release(PauseCause.LEDGER)

    assert watched.resumed == [
        IntakeResumed("outage", "v2", held=True),
        IntakeResumed("outage", "v3", held=False),
        IntakeResumed("ledger", None, held=False),
    ]


class Hanging(Watched):
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
    watched = Hanging()
    watched.pause._probes = {V2: watched._ask_v2, V3: watched._probe(V3)}
    watched.pause.start()

    watched.fail(10, 3, login=V2)
    assert watched.hangs.wait(LONG)
    watched.fail(10, 3, login=V3)
    assert watched.lifted.wait(LONG)
    watched.pause.hold(PauseCause.PUBLISH, 0.0, "not confirmed")
    watched.fail(3, 3, login=V2)
    watched.succeed("ada", login=V2)

    assert (PauseCause.OUTAGE, V2) in watched.pause.held
    watched.let_go.set()
    watched.pause.stop()
    assert watched.asked.count(V2) == 1
